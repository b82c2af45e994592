#pragma once
// Leases of the ledger, taken while the engine goes on.

#include <functional>

#include "jobs/drawing/work_threads.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// Thread-safe.
class Leases {
 public:
  struct Told {
    std::function<void(const ActiveJobRef&)> lost;  ///< the ledger did not give it to us
    std::function<void()> begun;                    ///< some job waits no more
  };
  Leases(WorkerContext& context, Told told);
  /// Work on the job begins: it leaves its line, its listeners hear of it, its lease is asked for. Once;
  /// again does nothing. Does not wait for the lease: the end of the job does.
  void begin(const ActiveJobRef& job);
  /// All of ours, for another time.
  void renew();
  void stop();

 private:
  void take(const ActiveJobRef& job);

  WorkerContext& context_;
  Told told_;
  WorkThreads threads_;
};

}  // namespace limner::drawing
