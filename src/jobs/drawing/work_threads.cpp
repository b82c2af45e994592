#include "jobs/drawing/work_threads.h"

#include <utility>

namespace limner::drawing {

WorkThreads::WorkThreads(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkThreads::~WorkThreads() { stop(); }

void WorkThreads::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

bool WorkThreads::try_post(Task task, size_t waiting_max) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || tasks_.size() >= waiting_max) return false;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void WorkThreads::stop() {
  std::deque<Task> dropped;  // destroyed without the lock: a task may hold the last reference to much
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(tasks_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

void WorkThreads::run() {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (stopping_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace limner::drawing
