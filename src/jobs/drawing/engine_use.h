#pragma once
// For whom the engine works at the moment, so that what goes on beside it keeps out of the way of what is
// more urgent.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "schedule/scheduler.h"

namespace limner::drawing {

/// Thread-safe.
class EngineUse {
 public:
  static constexpr TierNumber kIdle = kTierCount;

  /// Told by the engine's thread before each of its acts: the most urgent tier that it works for, or kIdle.
  void set(TierNumber tier) {
    {
      const std::lock_guard lock(mutex_);
      if (tier_ == tier) return;
      tier_ = tier;
    }
    changed_.notify_all();
  }

  TierNumber tier() {
    const std::lock_guard lock(mutex_);
    return tier_;
  }

  /// Waits while the engine works for a tier more urgent than `tier`, `seconds_max` at most, or until
  /// `pointless`, which is asked a few times a second.
  void wait_behind(TierNumber tier, double seconds_max, const std::function<bool()>& pointless) {
    constexpr std::chrono::milliseconds kAskAgain{50};
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds_max);
    std::unique_lock lock(mutex_);
    while (tier_ < tier && !pointless()) {
      const auto now = std::chrono::steady_clock::now();
      if (now >= end) return;
      changed_.wait_until(
          lock, std::min<std::chrono::steady_clock::time_point>(
                    now + kAskAgain, std::chrono::time_point_cast<std::chrono::steady_clock::duration>(end)));
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  TierNumber tier_ = kIdle;
};

}  // namespace limner::drawing
