#pragma once
// How often somebody may ask: token buckets by name.

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace limner {

/// What an address is limited as: itself, or of an IPv6 host, who owns a whole network, that network.
std::string network_of(const std::string& remote);

/// What a bucket says to one request.
struct RateVerdict {
  bool allowed = true;
  int limit = -1;            ///< requests a minute; -1: not limited
  int remaining = 0;         ///< could be made at once after this one
  double reset_seconds = 0;  ///< until the bucket is full again
  double retry_seconds = 0;  ///< until one request would be allowed; 0 if one is
};

/// A bucket a name holds a minute's requests and fills evenly. A bucket that has become full again is
/// forgotten, so memory is bounded by the names seen within a minute, and by `names_max`: beyond it the names
/// with the most left are forgotten first, which errs on the side of letting through. Time is an argument.
/// Thread-safe.
class RateLimiter {
 public:
  explicit RateLimiter(size_t names_max) : names_max_(names_max) {}
  /// Takes a token of `name`, whose bucket holds `per_minute`; -1: not limited, 0: never.
  RateVerdict take(const std::string& name, int per_minute, TimeUs now);
  /// The same verdict without taking.
  RateVerdict look(const std::string& name, int per_minute, TimeUs now) const;
  size_t size() const;

 private:
  struct Bucket {
    double tokens;
    TimeUs filled;
    int per_minute;
  };
  static double tokens_at(const Bucket& bucket, TimeUs now);
  static RateVerdict verdict(double tokens, int per_minute, bool allowed);
  void forget_full(TimeUs now);

  size_t names_max_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace limner
