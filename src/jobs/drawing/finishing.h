#pragma once
// Brings drawn pictures through their stages, on threads of its own, and jobs to their end with the last.

#include <atomic>
#include <functional>

#include "jobs/drawing/drawn_picture.h"
#include "jobs/drawing/ending.h"
#include "jobs/drawing/kept_stages.h"
#include "jobs/drawing/work_threads.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// Thread-safe.
class Finishing {
 public:
  /// `enlarge` takes pictures that an upscaler is to enlarge, and hands them back through accept(). `freed`
  /// is told when there is room again.
  Finishing(WorkerContext& context, Ending& ending, KeptStages& kept, WorkThreads& threads,
            std::function<void()> freed);
  void set_enlarger(std::function<void(DrawnPicture)> enlarge) { enlarge_ = std::move(enlarge); }

  /// Whether another picture may be drawn to its end now: each that is in here holds memory.
  bool has_room() const { return in_work_ < context_.config.finishing_max; }
  /// The same for one that is to be enlarged. Those that wait for that take no room from the others:
  /// enlarging takes as long as it takes. The first tier goes first there, and has some room more.
  bool has_room_to_enlarge(TierNumber tier) const {
    return to_enlarge_ < context_.config.finishing_max * (tier == 0 ? 2 : 1);
  }
  void accept(DrawnPicture picture);
  /// An enlarged picture: one that came through accept(), or one that its job brought.
  void enlarged(DrawnPicture picture);
  /// It will not come: it could not be enlarged, or is not wanted any more.
  void give_up(const DrawnPicture& picture) { leave_enlarging(picture); }

 private:
  using Shared = std::shared_ptr<DrawnPicture>;
  void begin(const Shared& picture);
  void run_stages(const Shared& picture);
  void tell_ledger(ActiveJob& job, JobState state);
  void add_to_job(const Shared& picture);
  void keep_at_hand(DrawnPicture& picture);
  void leave();
  void leave_enlarging(const DrawnPicture& picture);

  WorkerContext& context_;
  Ending& ending_;
  KeptStages& kept_;
  WorkThreads& threads_;
  std::function<void()> freed_;
  std::function<void(DrawnPicture)> enlarge_;
  std::atomic<int> in_work_ = 0;     ///< in the stages or on their way there
  std::atomic<int> to_enlarge_ = 0;  ///< of those that were drawn
};

}  // namespace limner::drawing
