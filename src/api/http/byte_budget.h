#pragma once
// Memory that strangers may make us hold, all of them together.

#include <atomic>
#include <cstddef>
#include <utility>

namespace limner {

/// Counts bytes against a maximum. Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(size_t bytes_max) : bytes_max_(bytes_max) {}
  /// False, and nothing is taken, if they do not fit.
  bool take(size_t bytes) {
    size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (used > bytes_max_ || bytes > bytes_max_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  /// What is there already and must not be refused: others wait until it is given back.
  void take_anyway(size_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const size_t bytes_max_;
  std::atomic<size_t> used_ = 0;
};

/// What was taken from a budget, given back at the end of its life.
class ByteLease {
 public:
  ByteLease() = default;
  explicit ByteLease(ByteBudget& budget) : budget_(&budget) {}
  ByteLease(ByteLease&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  ByteLease& operator=(ByteLease&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~ByteLease() {
    if (budget_ != nullptr) budget_->give_back(bytes_);
  }
  /// Holds at least `bytes` from now on; false, and what it held before, if there is no room.
  bool grow_to(size_t bytes) {
    if (bytes <= bytes_) return true;
    if (budget_ == nullptr || !budget_->take(bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }

 private:
  ByteBudget* budget_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace limner
