#pragma once
// Reads what jobs draw over, ahead of the engine but not far.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <vector>

#include "jobs/drawing/drawing_queue.h"
#include "jobs/drawing/ending.h"
#include "jobs/drawing/fair_turns.h"
#include "jobs/drawing/kept_stages.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// One thread that reads, decodes and prepares pictures, uploaded LoRAs and kept latents. Of each tier only a
/// few jobs are held ready, for each holds memory; tenants take turns at that. What cannot be read because
/// the store is away waits, and keeps nobody else waiting.
class Intake {
 public:
  /// `dispatch` gets jobs whose files are read and that are planned.
  Intake(WorkerContext& context, DrawingQueue& queue, KeptStages& kept, Ending& ending,
         std::function<void(const ActiveJobRef&)> dispatch);
  ~Intake();
  void start();
  /// After the context was told to stop.
  void join();
  void accept(const ActiveJobRef& job);
  /// A job began or ended, a tier goes on: there may be room for another.
  void wake();

 private:
  using Order = std::tuple<TierNumber, TimeUs, std::string>;
  struct Waiting {
    ActiveJobRef job;
    int attempts = 0;          ///< that failed because the store was away
    TimeUs failing_since = 0;  ///< the first of them
    TimeUs not_before = 0;
  };
  void run();
  void add(Waiting waiting);
  std::optional<Waiting> next();
  std::map<Order, Waiting>::iterator choose();
  bool postpone(Waiting waiting, const Error& error);
  size_t ready(const ActiveJob& like);
  Result<void> prepare(ActiveJob& job);
  bool end_withheld(const ActiveJobRef& job);
  bool end_by_policy(const ActiveJobRef& job);
  Standing ask(ActiveJob& job, const std::string& id, const Picture& picture);
  Result<InputSizes> read_files(ActiveJob& job);
  Result<Picture> read_init(ActiveJob& job);
  Result<void> read_source(ActiveJob& job);

  WorkerContext& context_;
  DrawingQueue& queue_;
  KeptStages& kept_;
  Ending& ending_;
  std::function<void(const ActiveJobRef&)> dispatch_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  std::map<Order, Waiting> waiting_;
  std::vector<ActiveJobRef> ready_;  ///< prepared and not begun
  FairTurns turns_;
  std::thread thread_;
};

}  // namespace limner::drawing
