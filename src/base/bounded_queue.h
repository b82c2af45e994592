#pragma once
// A queue between threads that cannot grow without limit and can be closed.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"

namespace limner {

/// First in, first out, at most `capacity` items. Thread-safe for any number of producers and consumers.
/// Once closed nothing goes in any more; what is inside can still be taken out.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {
    LIMNER_CHECK(capacity > 0, "a queue has room for an item");
  }

  /// False, and `item` is dropped, when the queue is full or closed. Never waits.
  bool try_push(T item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
    }
    filled_.notify_one();
    return true;
  }

  /// Waits for room. False, and `item` is dropped, once the queue is closed.
  bool push(T item) {
    {
      std::unique_lock lock(mutex_);
      freed_.wait(lock, [this] { return closed_ || items_.size() < capacity_; });
      if (closed_) return false;
      items_.push_back(std::move(item));
    }
    filled_.notify_one();
    return true;
  }

  /// Waits for an item. Nothing once the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  /// Like pop(), but nothing also after `patience`.
  std::optional<T> pop_for(std::chrono::nanoseconds patience) {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, patience, [this] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  /// Wakes everyone who waits. May be called more than once.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    filled_.notify_all();
    freed_.notify_all();
  }

  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  std::optional<T> take(std::unique_lock<std::mutex>& lock) {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    freed_.notify_one();
    return item;
  }

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable filled_, freed_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace limner
