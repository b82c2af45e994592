#include "jobs/drawing/drawing_queue.h"

#include <utility>

#include "base/check.h"

namespace limner::drawing {

DrawingQueue::DrawingQueue(const SchedulerConfig& config, CostProfile profile, ModelPool& pool)
    : profile_(std::move(profile)), scheduler_(config, profile_), rows_max_(config.rows_max), pool_(pool) {}

void DrawingQueue::add(const ActiveJobRef& job) {
  const std::shared_ptr<const JobPlan> plan = job->plan();
  const std::string& key = plan->step_class.model;
  // Asked before our lock is taken: the pool tells us of changes under its own.
  const bool ready = pool_.peek(key) != nullptr;
  const std::lock_guard lock(mutex_);
  const Entries entries{next_entry_, job->request.pictures(), key};
  next_entry_ += static_cast<uint64_t>(entries.count);
  jobs_.emplace(entries.first, job);
  entries_.emplace(job.get(), entries);
  Use& use = variants_[key];
  if (use.jobs++ == 0) {
    use.variant = plan->variant;
    scheduler_.set_model_ready(key, ready);
  }
  schedule(*job, *plan, entries.first, entries.count);
}

void DrawingQueue::schedule(const ActiveJob& job, const JobPlan& plan, uint64_t first, int count) {
  DrawingEntry entry{.job = job.job.id,
                     .tenant = job.job.tenant,
                     .tenant_weight = job.tenant_weight,
                     .tier = job.tier(),
                     .step_class = plan.step_class,
                     .rows = plan.rows,
                     .steps_left = plan.steps,
                     .submitted = job.job.submitted,
                     .deadline = job.job.deadline};
  for (int i = 0; i < count; ++i) {
    entry.id = first + static_cast<uint64_t>(i);
    scheduler_.add(entry);
  }
}

void DrawingQueue::hold(const PictureTask& task) {
  const std::lock_guard lock(mutex_);
  // Whoever ended the job meanwhile has removed it.
  const auto at = entries_.find(task.job.get());
  if (at == entries_.end() || task.entry - at->second.first >= static_cast<uint64_t>(at->second.count))
    return;
  scheduler_.remove(task.entry);
  held_.insert(task.entry);
}

void DrawingQueue::release_held() {
  const std::lock_guard lock(mutex_);
  for (const uint64_t entry : held_) {
    const PictureTask task = task_of(entry);
    schedule(*task.job, *task.job->plan(), entry, 1);
  }
  held_.clear();
}

void DrawingQueue::remove(const ActiveJob& job) {
  ActiveJobRef last;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(&job);
  if (at == entries_.end()) return;
  const Entries entries = std::move(at->second);
  entries_.erase(at);
  for (int i = 0; i < entries.count; ++i) {
    scheduler_.remove(entries.first + static_cast<uint64_t>(i));
    held_.erase(entries.first + static_cast<uint64_t>(i));
  }
  const auto use = variants_.find(entries.key);
  if (--use->second.jobs == 0) variants_.erase(use);
  const auto owner = jobs_.find(entries.first);
  last = std::move(owner->second);
  jobs_.erase(owner);
}

void DrawingQueue::remove_picture(const PictureTask& task) {
  const std::lock_guard lock(mutex_);
  scheduler_.remove(task.entry);
}

DrawingQueue::Choice DrawingQueue::choose(TimeUs now) {
  const std::lock_guard lock(mutex_);
  const StepDecision decision = scheduler_.decide(now);
  Choice choice{.preempted = decision.preempted};
  choice.step.reserve(decision.step.size());
  for (const uint64_t entry : decision.step) choice.step.push_back(task_of(entry));
  return choice;
}

void DrawingQueue::opened(const PictureTask& task, int steps_left, int rows) {
  const std::lock_guard lock(mutex_);
  scheduler_.opened(task.entry);
  scheduler_.correct(task.entry, steps_left, rows);
}

void DrawingQueue::correct(const PictureTask& task, int steps_left, int rows) {
  const std::lock_guard lock(mutex_);
  scheduler_.correct(task.entry, steps_left, rows);
}

void DrawingQueue::stepped(const std::vector<uint64_t>& entries, const StepClass& step_class, int rows,
                           double seconds, bool whole, TimeUs now) {
  const std::lock_guard lock(mutex_);
  if (whole) profile_.measured_step(step_class, rows, seconds);
  scheduler_.stepped(entries, seconds, now);
}

void DrawingQueue::measured_fixed(const StepClass& step_class, double seconds) {
  const std::lock_guard lock(mutex_);
  profile_.measured_fixed(step_class, seconds);
}

void DrawingQueue::measured_load(const std::string& key, double seconds) {
  const std::lock_guard lock(mutex_);
  profile_.measured_load(key, seconds);
}

std::vector<ModelVariant> DrawingQueue::wanted(TimeUs now) const {
  const std::lock_guard lock(mutex_);
  std::vector<ModelVariant> variants;
  for (const std::string& key : scheduler_.wanted_models(now)) variants.push_back(variants_.at(key).variant);
  return variants;
}

void DrawingQueue::set_ready(const std::string& key, bool ready) {
  const std::lock_guard lock(mutex_);
  scheduler_.set_model_ready(key, ready);
}

void DrawingQueue::set_paused(TierNumber tier, bool paused) {
  const std::lock_guard lock(mutex_);
  scheduler_.set_paused(tier, paused);
}

bool DrawingQueue::paused(TierNumber tier) const {
  const std::lock_guard lock(mutex_);
  return scheduler_.paused(tier);
}

Scheduler::Forecast DrawingQueue::forecast(const DrawingEntry& entry, TimeUs now) const {
  const std::lock_guard lock(mutex_);
  return scheduler_.forecast(entry, now);
}

CostProfile DrawingQueue::profile() const {
  const std::lock_guard lock(mutex_);
  return profile_;
}

double DrawingQueue::predict(const JobPlan& plan, int steps, int pictures) const {
  const std::lock_guard lock(mutex_);
  const double step = profile_.step_seconds(plan.step_class, plan.rows);
  const double fixed = profile_.fixed_seconds(plan.step_class);
  return step * steps + pictures * (step * plan.steps + fixed);
}

PictureTask DrawingQueue::task_of(uint64_t entry) const {
  auto at = jobs_.upper_bound(entry);
  LIMNER_CHECK(at != jobs_.begin(), "an entry belongs to a job");
  --at;
  return {entry, at->second, static_cast<int>(entry - at->first)};
}

}  // namespace limner::drawing
