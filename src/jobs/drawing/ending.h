#pragma once
// The end of a job: one transaction in the ledger, then the news of it.

#include <functional>
#include <string>

#include "jobs/drawing/drawing_queue.h"
#include "jobs/drawing/kept_stages.h"
#include "jobs/drawing/work_threads.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// Thread-safe. Whoever ends a job claims it, so that it ends once; everybody else then lets go of it.
class Ending {
 public:
  /// `let_go` is told of jobs that end before they are drawn, so that the engine closes their drawings.
  Ending(WorkerContext& context, DrawingQueue& queue, KeptStages& kept, WorkThreads& threads,
         std::function<void(const ActiveJobRef&)> let_go);

  /// Ends it without pictures, on one of the threads. False if somebody else ends it already.
  bool end(const ActiveJobRef& job, JobState state, JobError error);
  bool fail(const ActiveJobRef& job, JobError error);
  /// Ends it with the pictures that it has got; on the caller's thread, which may wait.
  void store(const ActiveJobRef& job);
  /// Its lease is lost: it is somebody else's now.
  void drop(const ActiveJobRef& job);
  /// Gives it back to the queue of the ledger, with what was kept; on the caller's thread, which may wait.
  void give_back(const ActiveJobRef& job);

 private:
  /// How a job ends: with the pictures that it has got, or without any.
  struct End {
    JobState state = JobState::stored;
    JobError error = {};
    bool with_pictures = false;
  };
  void end_now(const ActiveJobRef& job, End end);
  static End end_of_drawn(ActiveJob& job);
  Result<Job> write(ActiveJob& job, JobEnd& row);
  JobEnd row_of(ActiveJob& job, End end);
  void count(const ActiveJob& job, const Job& ended, int64_t cost_micros);
  std::shared_ptr<const JobView> view_of(ActiveJob& job, const Job& ended, JobEnd& end);
  void announce(const ActiveJobRef& job, const Job& ended, int64_t cost_micros,
                std::shared_ptr<const JobView> view = nullptr);
  void remove_pictures(ActiveJob& job);

  WorkerContext& context_;
  DrawingQueue& queue_;
  KeptStages& kept_;
  WorkThreads& threads_;
  std::function<void(const ActiveJobRef&)> let_go_;
};

}  // namespace limner::drawing
