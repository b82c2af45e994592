#include "jobs/drawing/active_job.h"

#include <chrono>

namespace limner::drawing {

std::shared_ptr<const JobPlan> ActiveJob::plan() const {
  const std::lock_guard lock(facts_mutex_);
  return plan_;
}

void ActiveJob::set_plan(JobPlan plan) {
  auto next = std::make_shared<const JobPlan>(std::move(plan));
  const std::lock_guard lock(facts_mutex_);
  plan_.swap(next);
}

void ActiveJob::add_verdict(VerdictRow verdict) {
  const std::lock_guard lock(mutex);
  verdicts.push_back(std::move(verdict));
}

bool ActiveJob::claim_end() {
  const std::lock_guard lock(facts_mutex_);
  return !end_claimed_.exchange(true);
}

bool ActiveJob::enter_engine() {
  const std::lock_guard lock(facts_mutex_);
  if (end_claimed_) return false;
  ++in_engine_;
  return true;
}

void ActiveJob::leave_engine() {
  {
    const std::lock_guard lock(facts_mutex_);
    --in_engine_;
  }
  left_engine_.notify_all();
}

void ActiveJob::wait_for_engine() const {
  std::unique_lock lock(facts_mutex_);
  left_engine_.wait(lock, [this] { return in_engine_ == 0; });
}

ActiveJob::Version ActiveJob::version() const {
  const std::lock_guard lock(facts_mutex_);
  return version_;
}

void ActiveJob::set_version(Version version) {
  const std::lock_guard lock(facts_mutex_);
  version_ = std::move(version);
}

bool ActiveJobs::add(const ActiveJobRef& job) {
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = jobs_.try_emplace(job->job.id, job);
  if (!is_new) {
    if (!at->second->ended()) return false;
    leave_line(*at->second);
    deadlines_.erase({at->second->job.deadline, job->job.id});
    at->second = job;
  }
  lines_[static_cast<size_t>(job->tier())].emplace(job->job.submitted, job->job.id);
  if (job->job.deadline != 0) deadlines_.emplace(job->job.deadline, job->job.id);
  ++line_changes_;
  return true;
}

void ActiveJobs::forget(const ActiveJob& job) {
  ActiveJobRef last;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto at = jobs_.find(job.job.id);
  if (at == jobs_.end() || at->second.get() != &job) return;
  leave_line(job);
  deadlines_.erase({job.job.deadline, job.job.id});
  last = std::move(at->second);
  jobs_.erase(at);
  forgotten_.notify_all();
}

ActiveJobRef ActiveJobs::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto at = jobs_.find(id);
  return at == jobs_.end() ? nullptr : at->second;
}

std::vector<ActiveJobRef> ActiveJobs::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<ActiveJobRef> jobs;
  jobs.reserve(jobs_.size());
  for (const auto& [id, job] : jobs_) jobs.push_back(job);
  return jobs;
}

void ActiveJobs::begin(ActiveJob& job) {
  const std::lock_guard lock(mutex_);
  job.begun = true;
  leave_line(job);
}

std::vector<ActiveJobRef> ActiveJobs::begun() const {
  const std::lock_guard lock(mutex_);
  std::vector<ActiveJobRef> begun;
  for (const auto& [id, job] : jobs_)
    if (job->begun) begun.push_back(job);
  return begun;
}

void ActiveJobs::wait_until_none_begun(double seconds) const {
  std::unique_lock lock(mutex_);
  forgotten_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return begun_count() == 0; });
}

size_t ActiveJobs::begun_count() const {
  size_t waiting = 0;
  for (const auto& line : lines_) waiting += line.size();
  return jobs_.size() - waiting;
}

ActiveJobs::Waiting ActiveJobs::waiting(TierNumber tier) const {
  const std::lock_guard lock(mutex_);
  const auto& line = lines_[static_cast<size_t>(tier)];
  return {line.size(), line.empty() ? 0 : line.begin()->first};
}

std::vector<std::string> ActiveJobs::line(TierNumber tier) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  for (const auto& [submitted, id] : lines_[static_cast<size_t>(tier)]) ids.push_back(id);
  return ids;
}

TimeUs ActiveJobs::next_deadline() const {
  const std::lock_guard lock(mutex_);
  return deadlines_.empty() ? 0 : deadlines_.begin()->first;
}

std::vector<ActiveJobRef> ActiveJobs::take_overdue(TimeUs now) {
  const std::lock_guard lock(mutex_);
  std::vector<ActiveJobRef> jobs;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    jobs.push_back(jobs_.at(deadlines_.begin()->second));
    deadlines_.erase(deadlines_.begin());
  }
  return jobs;
}

void ActiveJobs::leave_line(const ActiveJob& job) {
  if (lines_[static_cast<size_t>(job.tier())].erase({job.job.submitted, job.job.id}) > 0) ++line_changes_;
}

}  // namespace limner::drawing
