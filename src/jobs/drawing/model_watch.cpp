#include "jobs/drawing/model_watch.h"

#include "jobs/drawing/job_news.h"

namespace limner::drawing {

void ModelWatch::attach() {
  context_->parts.pool.on_change(
      [self = shared_from_this()](const std::string& key, LoadState state) { self->changed(key, state); });
}

void ModelWatch::detach() {
  context_->parts.pool.on_change({});
  const std::lock_guard lock(mutex_);
  context_ = nullptr;
  queue_ = nullptr;
  inbox_ = nullptr;
}

void ModelWatch::changed(const std::string& key, LoadState state) {
  const std::lock_guard lock(mutex_);
  if (!queue_) return;
  if (state == LoadState::ready) queue_->measured_load(key, context_->parts.pool.load_seconds(key));
  queue_->set_ready(key, state == LoadState::ready);
  inbox_->wake();
}

void ModelWatch::tell_progress() {
  if (context_->parts.events.listeners() == 0) return;
  std::map<std::string, double> loading;
  for (const PoolStatus& status : context_->parts.pool.status())
    if (status.state == LoadState::waiting || status.state == LoadState::loading)
      loading[status.key] = status.progress;
  const auto before = std::exchange(told_, loading);
  if (loading.empty() || loading == before) return;
  for (const ActiveJobRef& job : context_->jobs->all()) {
    if (job->begun || !context_->parts.events.listened(job->job.id)) continue;
    const std::shared_ptr<const JobPlan> plan = job->plan();
    if (const auto found = loading.find(plan->step_class.model); found != loading.end())
      context_->parts.events.publish(job->job.id, loading_event(plan->model, found->second));
  }
}

}  // namespace limner::drawing
