#pragma once
// The engine's time: how much of it was used, and by whom.

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// Every stretch of work is booked whole to the jobs it was done for, so that their sum is the time the
/// engine was busy. Thread-safe.
class Metering {
 public:
  explicit Metering(WorkerContext& context) : context_(context) {}

  /// Time from its making to stop(), by the steady clock.
  class Stretch {
   public:
    explicit Stretch(const Clock& clock) : clock_(clock), started_(clock.steady()) {}
    int64_t us() const { return clock_.steady() - started_; }

   private:
    const Clock& clock_;
    TimeUs started_;
  };
  Stretch begin() const { return Stretch(context_.parts.clock); }

  /// Seconds of the stretch, now booked to the job, which has entered the engine and leaves it by this.
  double book(ActiveJob& job, const Stretch& stretch);
  /// Shared among the jobs of a batch by their rows: the shares, in microseconds.
  std::vector<int64_t> book_batch(std::span<ActiveJob* const> jobs, const std::vector<int>& rows,
                                  const Stretch& stretch);
  double busy_seconds() const { return static_cast<double>(busy_us_.load()) / kSecondUs; }

 private:
  void add(ActiveJob& job, int64_t us);
  WorkerContext& context_;
  std::atomic<int64_t> busy_us_ = 0;
};

}  // namespace limner::drawing
