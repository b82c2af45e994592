#pragma once
// Jobs whose model is a remote endpoint.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "jobs/drawing/drawing_queue.h"
#include "jobs/drawing/finishing.h"
#include "jobs/drawing/leases.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// A few threads, each of which waits for one provider's answer; the most urgent tier first, of a model no
/// more at once than its provider takes.
class RemoteDrawing {
 public:
  /// `fall_back` as EngineThread's.
  RemoteDrawing(WorkerContext& context, DrawingQueue& queue, Leases& leases, Ending& ending,
                Finishing& finishing, std::function<bool(const ActiveJobRef&)> fall_back);
  ~RemoteDrawing();
  void start();
  /// After the context was told to stop.
  void join();
  void accept(const ActiveJobRef& job);
  void wake();

 private:
  using Order = std::tuple<TierNumber, TimeUs, std::string>;
  void add_thread();
  void run();
  ActiveJobRef next();
  bool may_begin(const ActiveJob& job) const;
  void draw(const ActiveJobRef& job);
  Result<std::vector<DrawnPicture>> ask_provider(const ActiveJobRef& job);
  Result<std::vector<std::string>> draw_files(const ActiveJob& job, Provider& provider);

  WorkerContext& context_;
  DrawingQueue& queue_;
  Leases& leases_;
  Ending& ending_;
  Finishing& finishing_;
  std::function<bool(const ActiveJobRef&)> fall_back_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<Order, ActiveJobRef> waiting_;
  std::map<std::string, int> busy_;  ///< requests by model
  bool started_ = false;
  std::vector<std::thread> threads_;  ///< made when they are first needed
};

}  // namespace limner::drawing
