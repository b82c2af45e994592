#pragma once
// Models come and go in the pool: told to the queue and to those who wait for them.

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "jobs/drawing/drawing_queue.h"
#include "jobs/drawing/engine_inbox.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// Thread-safe. Outlives the worker if the pool is telling it something at that moment.
class ModelWatch : public std::enable_shared_from_this<ModelWatch> {
 public:
  ModelWatch(WorkerContext& context, DrawingQueue& queue, EngineInbox& inbox)
      : context_(&context), queue_(&queue), inbox_(&inbox) {}
  void attach();
  /// After this the pool's news go nowhere.
  void detach();
  /// Tells the listeners of waiting jobs how far the loading of their model is.
  void tell_progress();

 private:
  void changed(const std::string& key, LoadState state);

  std::mutex mutex_;  ///< guards the pointers, which are null once detached
  WorkerContext* context_;
  DrawingQueue* queue_;
  EngineInbox* inbox_;
  std::map<std::string, double> told_;  ///< progress by key; the timer's alone
};

}  // namespace limner::drawing
