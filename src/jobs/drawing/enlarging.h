#pragma once
// Enlarges pictures with an upscaler, beside the engine's thread.

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>

#include "jobs/drawing/drawing_queue.h"
#include "jobs/drawing/engine_use.h"
#include "jobs/drawing/finishing.h"
#include "jobs/drawing/leases.h"
#include "jobs/drawing/metering.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// One thread; the most urgent tier first. Between two tiles a picture lets what is more urgent go first:
/// other pictures to enlarge, and for its tier's share of the time what the engine draws. What waits is
/// bounded by the intake (whole jobs) and by Finishing (pictures).
class Enlarging {
 public:
  Enlarging(WorkerContext& context, DrawingQueue& queue, Leases& leases, Ending& ending, Finishing& finishing,
            Metering& metering, EngineUse& use);
  ~Enlarging();
  void start();
  /// After the context was told to stop.
  void join();
  /// A job that only enlarges the picture it brought.
  void accept(const ActiveJobRef& job);
  /// A picture that was drawn.
  void accept(DrawnPicture picture);
  /// A tier goes on, a job ended.
  void wake();

 private:
  using Order = std::tuple<TierNumber, TimeUs, std::string, int>;
  void run();
  void work_on(DrawnPicture picture);
  std::optional<DrawnPicture> next();
  std::optional<DrawnPicture> take_more_urgent_than(TierNumber tier);
  void give_way(const ActiveJob& job, double tile_seconds);
  bool may_begin(const DrawnPicture& picture) const;
  void begin(DrawnPicture& picture);
  Result<void> enlarge(DrawnPicture& picture);

  WorkerContext& context_;
  DrawingQueue& queue_;
  Leases& leases_;
  Ending& ending_;
  Finishing& finishing_;
  Metering& metering_;
  EngineUse& use_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  std::map<Order, DrawnPicture> waiting_;
  std::thread thread_;
};

}  // namespace limner::drawing
