#pragma once
// Waiting for the end of a job.

#include <atomic>
#include <functional>

#include "jobs/events.h"

namespace limner {

/// Tells once that a job has ended, whoever notices it first: an event, or a look into the ledger.
class EndTold {
 public:
  explicit EndTold(std::function<void(const JobEvent&)> tell) : tell_(std::move(tell)) {}
  void tell(const JobEvent& finished) {
    if (!told_.exchange(true)) tell_(finished);
  }

 private:
  std::atomic<bool> told_ = false;
  std::function<void(const JobEvent&)> tell_;
};

}  // namespace limner
