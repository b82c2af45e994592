#include "jobs/drawing/finishing.h"

#include <algorithm>
#include <utility>

#include "jobs/drawing/caught.h"
#include "jobs/drawing/job_news.h"
#include "jobs/drawing/job_spans.h"
#include "jobs/drawing/stages.h"

namespace limner::drawing {
namespace {

constexpr size_t kAtHandBytesMax = 4u << 20;  // of a job

}  // namespace

Finishing::Finishing(WorkerContext& context, Ending& ending, KeptStages& kept, WorkThreads& threads,
                     std::function<void()> freed)
    : context_(context), ending_(ending), kept_(kept), threads_(threads), freed_(std::move(freed)) {}

void Finishing::accept(DrawnPicture picture) {
  ++(picture.enlarge ? to_enlarge_ : in_work_);
  threads_.post([this, shared = std::make_shared<DrawnPicture>(std::move(picture))] { begin(shared); });
}

void Finishing::enlarged(DrawnPicture picture) {
  ++in_work_;
  leave_enlarging(picture);
  threads_.post([this, shared = std::make_shared<DrawnPicture>(std::move(picture))] { run_stages(shared); });
}

void Finishing::begin(const Shared& picture) {
  ActiveJob& job = *picture->job;
  if (!picture->latents.empty() && !job.ended()) {
    const bool all_drawn = job.pictures_drawn == job.request.pictures();
    const Result<void> kept = kept_.keep(job, picture->picture, picture->latents,
                                         all_drawn ? JobState::finishing : JobState::drawing);
    if (!kept)
      context_.parts.log.warning("latents_not_kept", {{"job", job.job.id}, {"error", kept.error().text()}});
    picture->latents = {};
  }
  if (picture->enlarge)
    enlarge_(std::move(*picture));
  else
    run_stages(picture);
}

void Finishing::run_stages(const Shared& picture) {
  for (const PictureStage& stage : picture_stages()) {
    if (picture->job->ended()) return leave();
    tell_ledger(*picture->job, stage.state);
    const TimeUs started = context_.parts.clock.now();
    const Result<void> done = caught(stage.name, [&] { return stage.run(context_, *picture); });
    take_stage_span(context_, *picture->job, stage.name, started, done ? nullptr : &done.error());
    if (done) continue;
    // A worker that stops leaves the job to whoever gets its lease.
    if (!context_.stop.stopped()) ending_.fail(picture->job, job_error(done.error()));
    return leave();
  }
  add_to_job(picture);
  leave();
}

// Only of jobs that took long: for a quick one the way through the states would cost more than its drawing.
void Finishing::tell_ledger(ActiveJob& job, JobState state) {
  const std::lock_guard lock(job.mutex);
  if (job.kept.empty() || job.pictures_drawn < job.request.pictures() || job.ledger_state >= state) return;
  job.ledger_state = state;
  const Result<void> told =
      context_.parts.ledger.jobs().advance(job.job.id, context_.config.owner, state, {}, job.engine_us);
  if (!told)
    context_.parts.log.warning("job_not_advanced", {{"job", job.job.id}, {"error", told.error().text()}});
}

void Finishing::add_to_job(const Shared& picture) {
  ActiveJob& job = *picture->job;
  bool unwanted = false, complete = false;
  {
    const std::lock_guard lock(job.mutex);
    unwanted = job.ended();
    if (!unwanted) {
      const auto at = std::ranges::upper_bound(job.pictures, picture->picture, {}, &PictureRow::position);
      job.pictures.insert(at, std::move(picture->row));
      keep_at_hand(*picture);
      job.pictures_done = static_cast<int>(job.pictures.size());
      complete = job.pictures_done == job.request.pictures();
    }
  }
  // Nobody else knows of this object.
  if (unwanted && !context_.parts.store.remove(picture->row.key))
    context_.parts.log.warning("picture_not_removed", {{"job", job.job.id}});
  if (complete) ending_.store(picture->job);
}

// So that whoever waits for a job of a few small pictures gets them without reading them back.
void Finishing::keep_at_hand(DrawnPicture& picture) {
  ActiveJob& job = *picture.job;
  const size_t share = kAtHandBytesMax / static_cast<size_t>(job.request.pictures());
  if (picture.file.size() > share || !context_.parts.events.listened(job.job.id)) return;
  job.files_at_hand.emplace(picture.picture,
                            std::make_shared<const std::vector<std::byte>>(std::move(picture.file)));
}

void Finishing::leave() {
  if (in_work_-- >= context_.config.finishing_max) freed_();
}

// Pictures that their jobs brought are bounded by the intake.
void Finishing::leave_enlarging(const DrawnPicture& picture) {
  if (picture.job->plan()->route == Route::upscaler) return;
  if (to_enlarge_-- >= context_.config.finishing_max) freed_();
}

}  // namespace limner::drawing
