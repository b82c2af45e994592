#pragma once
// What holds a wait for the end of a job until that end.

#include <mutex>
#include <utility>

#include "jobs/job_service.h"

namespace limner {

/// The handle of a wait, kept by the wait's own callback: without letting go of it at the end it would live
/// for ever. The end may come before the handle is there. Thread-safe.
class EndWatch {
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

}  // namespace limner
