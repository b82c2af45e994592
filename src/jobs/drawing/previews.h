#pragma once
// What a picture looks like so far, for those who watch.

#include "engine/engine.h"
#include "jobs/drawing/work_threads.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// Thread-safe.
class Previews {
 public:
  Previews(WorkerContext& context, WorkThreads& threads) : context_(context), threads_(threads) {}
  /// Whether somebody watches and the job wants them at this step.
  bool wanted(const ActiveJob& job, int step) const;
  /// Encodes it on another thread and tells the job's listeners. Drops it when those threads are behind: a
  /// later one is better than a late one.
  void show(const ActiveJobRef& job, int picture, Picture pixels, int step, int steps);

 private:
  void publish(ActiveJob& job, int picture, const Picture& pixels, int step, int steps);
  WorkerContext& context_;
  WorkThreads& threads_;
};

}  // namespace limner::drawing
