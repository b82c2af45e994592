#pragma once
// Threads that do what they are given, in the order in which it came.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace limner::drawing {

/// Thread-safe. The destructor finishes the tasks that run and drops those that wait.
class WorkThreads {
 public:
  using Task = std::function<void()>;

  explicit WorkThreads(int threads);
  ~WorkThreads();
  /// For tasks that must be done: how many there can be is bounded by whoever makes them.
  void post(Task task);
  /// False, and the task is dropped, if every thread is busy and `waiting_max` tasks wait already.
  bool try_post(Task task, size_t waiting_max);
  /// Drops what waits, lets what runs finish, and takes nothing more.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace limner::drawing
