#pragma once
// Where anybody may ask where a picture comes from, but not too often.

#include <atomic>
#include <string>
#include <string_view>

#include "api/rate_limiter.h"
#include "base/clock.h"
#include "base/result.h"
#include "jobs/picture_tracer.h"

namespace limner {

struct VerificationConfig {
  int per_minute = 30;  ///< pictures of one address
  int at_once = 1;      ///< pictures looked at at once: each keeps a core busy
  int64_t pixels_max = 16 << 20;
};

/// Bounds what strangers can cost: pictures a minute of an address, pictures at once, pixels. Thread-safe.
class VerificationDesk {
 public:
  VerificationDesk(const VerificationConfig& config, PictureTracer& tracer, const Clock& clock)
      : config_(config), tracer_(tracer), clock_(clock), rates_(kNamesMax) {}

  /// What PictureTracer::trace() says. `exhausted` for an address that asks too often, `unavailable` while as
  /// many pictures as may be are being looked at; both say when to try again.
  Result<PictureTrace> verify(std::string_view file, const std::string& remote);

 private:
  static constexpr size_t kNamesMax = 20'000;

  const VerificationConfig config_;
  PictureTracer& tracer_;
  const Clock& clock_;
  RateLimiter rates_;
  std::atomic<int> busy_ = 0;
};

}  // namespace limner
