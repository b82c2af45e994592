#include "api/job_wait.h"

#include <atomic>
#include <memory>

#include "jobs/end_watch.h"

namespace limner {
namespace {

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
  const auto handle = std::make_shared<EndWatch>();
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
