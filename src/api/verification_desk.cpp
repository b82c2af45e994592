#include "api/verification_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace limner {
namespace {

/// One of the places at the desk, while it is held.
class Place {
 public:
  Place(std::atomic<int>& busy, int places) : busy_(busy), held_(++busy <= places) {}
  ~Place() { --busy_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool held() const { return held_; }

 private:
  std::atomic<int>& busy_;
  const bool held_;
};

}  // namespace

Result<PictureTrace> VerificationDesk::verify(std::string_view file, const std::string& remote) {
  const RateVerdict rate = rates_.take(network_of(remote), config_.per_minute, clock_.steady());
  if (!rate.allowed)
    return Error{Code::exhausted, "requests_per_minute",
                 fmt::format("{} pictures a minute are looked at for one address", config_.per_minute),
                 fmt::format("retry after {:.0f} s", std::ceil(std::max(rate.retry_seconds, 1.0)))};
  const Place place(busy_, config_.at_once);
  if (!place.held())
    return Error{Code::unavailable, {}, "other pictures are being looked at", "retry after 1 s"};
  return tracer_.trace(file, {.file_bytes_max = file.size(), .pixels_max = config_.pixels_max});
}

}  // namespace limner
