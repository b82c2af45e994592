// Opening and closing of pictures, and putting them aside.

#include <fmt/format.h>

#include <utility>

#include "jobs/drawing/caught.h"
#include "jobs/drawing/engine_thread.h"
#include "jobs/drawing/job_news.h"
#include "jobs/drawing/job_spans.h"
#include "jobs/picture_marker.h"

namespace limner::drawing {
namespace {

constexpr size_t kVersionDigits = 12;

void note_version(ActiveJob& job, const JobPlan& plan, const LoadedModel& model) {
  ActiveJob::Version version{model.sha256(), ""};
  if (plan.model != job.job.model)
    version.drawn_by = fmt::format("{}@{}", plan.model, model.sha256().substr(0, kVersionDigits));
  job.set_version(std::move(version));
}

// With an id in its noise where that leads to the picture; else without, and why.
Result<OpenedDrawing> open_marked(const PictureMarker* marker, const ActiveJob& job,
                                  const DrawingParams& params, Model& model) {
  OpenedDrawing opened;
  const std::optional<NoiseWatermark> noise =
      marker ? marker->noise_watermark(job.job.tenant, params.seed.value_or(0)) : std::nullopt;
  if (noise) {
    Result<DrawingPtr> marked = open(model, params, job.files.inputs, &*noise);
    if (marked) {
      opened.drawing = std::move(*marked);
      opened.noise = carried_noise(*noise, *opened.drawing);
      return opened;
    }
    if (marked.error().field != kNoiseSignsField) return std::move(marked).error();
    opened.noise.reason = marked.error().message;
  }
  opened.drawing = TRY(open(model, params, job.files.inputs));
  return opened;
}

}  // namespace

void EngineThread::open_picture(const PictureTask& task) {
  ActiveJob& job = *task.job;
  const std::shared_ptr<const JobPlan> plan = job.plan();
  std::shared_ptr<LoadedModel> model = context_.parts.pool.get(plan->variant);
  if (!model) {
    parts_.queue.set_ready(plan->step_class.model, false);
    return;
  }
  if (!job.enter_engine()) return;
  parts_.leases.begin(task.job);
  note_version(job, *plan, *model);
  const OpenPicture* aside = find(task.entry);
  const TimeUs started = context_.parts.clock.now();
  const Metering::Stretch stretch = parts_.metering.begin();
  Result<OpenedDrawing> opened = open_drawing(task, model->model(), saved_state(task));
  const double seconds = parts_.metering.book(job, stretch);
  take_stage_span(context_, job, "prepare", started, opened ? nullptr : &opened.error());
  if (!opened) return not_opened(task, opened.error());
  OpenPicture& open = open_[task.entry];
  open.task = task;
  open.plan = plan;
  open.model = std::move(model);
  open.drawing = std::move(opened->drawing);
  open.noise = std::move(opened->noise);
  open.put_aside.clear();
  open.fixed_seconds += seconds;
  if (!aside) open.opened = context_.parts.clock.now();
  open_count_ = open_.size();
  const Progress now = progress(*open.drawing);
  if (drawn(*open.drawing)) return mark_drawn(open);
  open.rows = next_rows(*open.drawing);
  parts_.queue.opened(task, now.total - now.done, open.rows);
}

// Where to go on: from what was put aside, or kept by an earlier attempt; null: from the beginning.
const std::string* EngineThread::saved_state(const PictureTask& task) {
  const OpenPicture* aside = find(task.entry);
  if (aside && !aside->put_aside.empty()) return &aside->put_aside;
  const auto& kept = task.job->files.kept;
  const auto found = kept.find(task.picture);
  return found == kept.end() ? nullptr : &found->second;
}

Result<OpenedDrawing> EngineThread::open_drawing(const PictureTask& task, Model& model,
                                                 const std::string* state) {
  return caught("opening", [&]() -> Result<OpenedDrawing> {
    const ActiveJob& job = *task.job;
    const DrawingParams params = params_of_picture(job.request, task.picture);
    OpenedDrawing opened = TRY(open_marked(context_.parts.marker, job, params, model));
    if (!state) return opened;
    const Result<void> resumed = resume(*opened.drawing, *state);
    if (resumed) return opened;
    // Kept by another build, or for a model that has changed: it is drawn from the beginning.
    context_.parts.log.warning("not_resumed", {{"job", job.job.id}, {"error", resumed.error().text()}});
    return open_marked(context_.parts.marker, job, params, model);
  });
}

void EngineThread::not_opened(const PictureTask& task, const Error& error) {
  const bool memory = error.code == Code::too_large || error.code == Code::exhausted;
  if (memory && !open_.empty()) {
    short_of_memory_ = true;
    return;
  }
  parts_.ending.fail(task.job, memory ? job_error(error, "infrastructure") : job_error(error));
}

void EngineThread::close(uint64_t entry) {
  std::erase(drawn_, entry);
  open_.erase(entry);
  open_count_ = open_.size();
  short_of_memory_ = false;
}

void EngineThread::close_all(const ActiveJob& job) {
  std::vector<uint64_t> entries;
  for (const auto& [entry, open] : open_)
    if (open.task.job.get() == &job) entries.push_back(entry);
  for (const uint64_t entry : entries) close(entry);
}

// Lets go of the models of all that is open, so that the wanted one gets their room. What was put aside is
// opened again when its model is back, and goes on where it was.
void EngineThread::put_aside_others(const std::string& wanted_key) {
  for (auto& [entry, open] : open_) {
    const std::string& key = open.plan->step_class.model;
    if (!open.drawing || open.is_drawn || key == wanted_key) continue;
    Result<std::string> state = caught("saving", [&open = open] { return save(*open.drawing); });
    if (!state) continue;
    open.put_aside = std::move(state).value();
    open.drawing.reset();
    open.model.reset();
    parts_.queue.set_ready(key, false);
  }
}

std::vector<SavedPicture> EngineThread::save_all() {
  put_away_ = true;
  std::vector<SavedPicture> saved;
  for (auto& [entry, open] : open_) {
    Result<std::string> state = open.drawing
                                    ? caught("saving", [&open = open] { return save(*open.drawing); })
                                    : Result<std::string>(std::move(open.put_aside));
    if (state && !open.task.job->ended())
      saved.push_back({open.task.job, open.task.picture, std::move(state).value()});
  }
  drawn_.clear();
  open_.clear();
  open_count_ = 0;
  return saved;
}

}  // namespace limner::drawing
