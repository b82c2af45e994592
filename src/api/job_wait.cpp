#include "api/job_wait.h"

#include <atomic>
#include <memory>
#include <mutex>

namespace limner {
namespace {

/// The handle of a wait, kept by the wait's own callback: without letting go of it at the end it would live
/// for ever. The end may come before the handle is there.
class Handle {
 public:
  void keep(JobService::Waiting waiting) {
    const std::lock_guard lock(mutex_);
    if (!ended_) waiting_ = std::move(waiting);
  }
  void let_go() {
    JobService::Waiting dropped_without_the_lock;
    const std::lock_guard lock(mutex_);
    ended_ = true;
    dropped_without_the_lock = std::move(waiting_);
  }

 private:
  std::mutex mutex_;
  bool ended_ = false;
  JobService::Waiting waiting_;
};

/// A requester's place among those who wait for a job.
class Seat {
 public:
  Seat(JobService& jobs, const Caller& caller, std::string job)
      : jobs_(jobs), caller_(caller), job_(std::move(job)) {}
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  ~Seat() {
    if (!left_.exchange(true)) jobs_.let_go(job_);
  }
  void hang_up() {
    if (!left_.exchange(true)) jobs_.hang_up(caller_, job_);
  }

 private:
  JobService& jobs_;
  Caller caller_;
  std::string job_;
  std::atomic<bool> left_ = false;
};

}  // namespace

Result<void> when_job_ended(Services& services, const Caller& caller, const std::string& job,
                            std::function<void(const JobView&)> done) {
  const auto handle = std::make_shared<Handle>();
  JobService::Waiting waiting =
      TRY(services.jobs.when_ended(caller, job, [handle, done = std::move(done)](const JobView& view) {
        done(view);
        handle->let_go();
      }));
  handle->keep(std::move(waiting));
  return {};
}

std::function<void()> joining(Services& services, const Caller& caller, const std::string& job) {
  if (!services.jobs.join(job)) return nullptr;
  return [seat = std::make_shared<Seat>(services.jobs, caller, job)] { seat->hang_up(); };
}

}  // namespace limner
