// One network evaluation for each picture of a batch.

#include <numeric>

#include "jobs/drawing/caught.h"
#include "jobs/drawing/engine_thread.h"
#include "jobs/drawing/job_news.h"

namespace limner::drawing {

void EngineThread::step_batch(const Chosen& chosen) {
  gather(chosen);
  if (batch_.empty()) return;
  const bool whole = std::ranges::all_of(drawings_, [](const Drawing* one) { return next_is_whole(*one); });
  const Metering::Stretch stretch = parts_.metering.begin();
  const Result<void> stepped = caught("drawing", [&] { return step(drawings_); });
  const std::vector<int64_t> shares = parts_.metering.book_batch(jobs_, rows_, stretch);
  if (!stepped) return batch_failed(stepped.error());
  const double seconds =
      static_cast<double>(std::accumulate(shares.begin(), shares.end(), int64_t{0})) / kSecondUs;
  const JobPlan& plan = *batch_.front()->plan;
  const int rows = std::accumulate(rows_.begin(), rows_.end(), 0);
  parts_.queue.stepped(entries_, plan.step_class, rows, seconds, whole, context_.parts.clock.now());
  WorkerMetrics& metrics = context_.metrics;
  metrics.step_seconds
      .with({plan.model, std::to_string(batch_.size()),
             resolution_class(plan.step_class.width, plan.step_class.height)})
      .observe(seconds);
  metrics.steps.with({plan.model}).add(static_cast<double>(batch_.size()));
  metrics.batch_rows.with({}).observe(rows);
  metrics.batch_occupancy.with({}).set(std::min(1.0, static_cast<double>(rows) / parts_.queue.rows_max()));
  for (size_t i = 0; i < batch_.size(); ++i) after_step(*batch_[i], shares[i]);
}

// All of one loaded model: the pool may have loaded it anew since some of them were opened.
void EngineThread::gather(const Chosen& chosen) {
  batch_.clear();
  drawings_.clear();
  jobs_.clear();
  entries_.clear();
  rows_.clear();
  for (const PictureTask& task : chosen) {
    OpenPicture& open = open_.at(task.entry);
    if (!batch_.empty() && (open.alone || batch_.front()->alone || open.model != batch_.front()->model))
      continue;
    if (!task.job->enter_engine()) continue;
    batch_.push_back(&open);
    drawings_.push_back(open.drawing.get());
    jobs_.push_back(task.job.get());
    entries_.push_back(task.entry);
    rows_.push_back(next_rows(*open.drawing));
  }
}

void EngineThread::after_step(OpenPicture& open, int64_t share_us) {
  open.steps_us += share_us;
  tell_progress(open);
  if (drawn(*open.drawing)) return mark_drawn(open);
  const int rows = next_rows(*open.drawing);
  if (rows == open.rows) return;
  const Progress now = progress(*open.drawing);
  open.rows = rows;
  parts_.queue.correct(open.task, now.total - now.done, rows);
}

void EngineThread::tell_progress(OpenPicture& open) {
  ActiveJob& job = *open.task.job;
  const Progress now = progress(*open.drawing);
  const int before = job.drawing_picture == open.task.picture ? job.step.load() : -1;
  job.drawing_picture = open.task.picture;
  job.step = now.step;
  job.steps = now.steps;
  // A step of the sampler may be several evaluations.
  if (now.step == before || !context_.parts.events.listened(job.job.id)) return;
  context_.parts.events.publish(job.job.id, step_event(open.task.picture, now.step, now.steps));
  if (now.step == now.steps || !parts_.previews.wanted(job, now.step)) return;
  if (!job.enter_engine()) return;
  const Metering::Stretch stretch = parts_.metering.begin();
  Result<Picture> picture = caught("preview", [&] { return preview(*open.drawing); });
  parts_.metering.book(job, stretch);
  if (picture && !picture->empty())
    parts_.previews.show(open.task.job, open.task.picture, std::move(picture).value(), now.step, now.steps);
}

// The engine does not say whose fault it was. Alone it is clear; the others are drawn again from where they
// began, one by one until then.
void EngineThread::batch_failed(const Error& error) {
  if (batch_.size() == 1) {
    parts_.ending.fail(batch_.front()->task.job, job_error(error));
    return;
  }
  for (OpenPicture* open : batch_) {
    const PictureTask task = open->task;
    open->drawing.reset();
    open->model.reset();
    open->put_aside.clear();
    open->alone = true;
    parts_.queue.correct(task, open->plan->steps, open->plan->rows);
  }
}

EngineThread::Chosen EngineThread::open_ones() const {
  Chosen chosen;
  const OpenPicture* first = nullptr;
  int rows = 0;
  for (const auto& [entry, open] : open_) {
    if (!open.drawing || open.is_drawn || parts_.queue.paused(open.task.job->tier())) continue;
    if (first &&
        (open.plan->step_class != first->plan->step_class || rows + open.rows > parts_.queue.rows_max()))
      continue;
    if (!first) first = &open;
    rows += open.rows;
    chosen.push_back(open.task);
  }
  return chosen;
}

}  // namespace limner::drawing
