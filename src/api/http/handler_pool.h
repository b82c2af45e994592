#pragma once
// Threads on which handlers run.

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"

namespace limner {

/// Runs tasks in the order in which they came, `threads` at a time. Tasks must not throw. Thread-safe.
class HandlerPool {
 public:
  HandlerPool(int threads, size_t waiting_max);
  ~HandlerPool() { stop(); }
  /// False, and the task is dropped, if too many wait.
  bool try_run(std::function<void()> task) { return tasks_.try_push(std::move(task)); }
  /// Runs what waits, then ends. May be called more than once.
  void stop();

 private:
  BoundedQueue<std::function<void()>> tasks_;
  std::vector<std::jthread> threads_;
};

}  // namespace limner
