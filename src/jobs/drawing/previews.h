#pragma once
// What a picture looks like so far, for those who watch.

#include "engine/engine.h"
#include "jobs/drawing/ending.h"
#include "jobs/drawing/work_threads.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// Thread-safe.
class Previews {
 public:
  Previews(WorkerContext& context, WorkThreads& threads, Ending& ending)
      : context_(context), threads_(threads), ending_(ending) {}
  /// Whether somebody watches, the job wants them at this step, and policies let them be seen.
  bool wanted(const ActiveJob& job, int step) const;
  /// Encodes it on another thread and tells the job's listeners. Drops it when those threads are behind: a
  /// later one is better than a late one.
  void show(const ActiveJobRef& job, int picture, Picture pixels, int step, int steps);

 private:
  void publish(const ActiveJobRef& job, int picture, const Picture& pixels, int step, int steps);
  bool may_show(const ActiveJobRef& job, int picture, const Picture& pixels);
  bool may_go_on(const ActiveJob& job, const std::string& subject) const;
  WorkerContext& context_;
  WorkThreads& threads_;
  Ending& ending_;
};

}  // namespace limner::drawing
