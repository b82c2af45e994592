#pragma once
// Time as an argument, so that tests can own it.

#include <atomic>
#include <cstdint>

namespace limner {

/// Microseconds since 1970-01-01 UTC. The unit of every time in the ledger.
using TimeUs = int64_t;
inline constexpr TimeUs kSecondUs = 1'000'000;
inline constexpr TimeUs kDayUs = 86'400 * kSecondUs;

/// Where the time comes from. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeUs now() const = 0;
  /// Never goes back; only differences mean something.
  virtual TimeUs steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimeUs now() const override;
  TimeUs steady() const override;
};

/// Stands still until it is told to go on.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimeUs start) : now_(start) {}
  TimeUs now() const override { return now_; }
  TimeUs steady() const override { return now_; }
  void advance(TimeUs by) { now_ += by; }

 private:
  std::atomic<TimeUs> now_;
};

}  // namespace limner
