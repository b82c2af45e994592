// From the last step of a picture to its pixels.

#include <utility>

#include "jobs/drawing/caught.h"
#include "jobs/drawing/engine_thread.h"
#include "jobs/drawing/job_news.h"
#include "jobs/drawing/job_spans.h"

namespace limner::drawing {

void EngineThread::mark_drawn(OpenPicture& open) {
  open.is_drawn = true;
  parts_.queue.remove_picture(open.task);
  ++open.task.job->pictures_drawn;
  drawn_.push_back(open.task.entry);
  const Progress now = progress(*open.drawing);
  take_stage_span(context_, *open.task.job, "draw", open.opened, nullptr,
                  {{"limner.picture", open.task.picture}, {"limner.steps", now.total}});
}

void EngineThread::finish_picture(OpenPicture& open) {
  const ActiveJobRef job = open.task.job;
  DrawnPicture drawn;
  drawn.job = job;
  drawn.picture = open.task.picture;
  drawn.noise = open.noise;
  drawn.enlarge = !open.plan->upscaler.empty();
  if (!job->enter_engine()) return close(open.task.entry);
  const bool took_long = open.steps_us > context_.config.keep_after_seconds * kSecondUs;
  const Metering::Stretch stretch = parts_.metering.begin();
  const Result<void> finished = caught("finishing", [&]() -> Result<void> {
    if (took_long) drawn.latents = TRY(save(*open.drawing));
    drawn.pixels = TRY(finish(*open.drawing));
    drawn.texts = file_texts(*open.drawing);
    return {};
  });
  open.fixed_seconds += parts_.metering.book(*job, stretch);
  parts_.queue.measured_fixed(open.plan->step_class, open.fixed_seconds);
  close(open.task.entry);
  if (finished)
    parts_.finishing.accept(std::move(drawn));
  else
    parts_.ending.fail(job, job_error(finished.error()));
}

}  // namespace limner::drawing
