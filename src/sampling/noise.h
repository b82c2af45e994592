#pragma once
// The source of a picture's randomness. One stream a picture, so that its bytes do not depend on its
// neighbours.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"

namespace limner {

/// Standard normal numbers in a fixed order. Not thread-safe: a picture owns its stream.
class NoiseStream {
 public:
  virtual ~NoiseStream() = default;
  /// Fills `out` as one call of the reference would (torch.randn of out.size() elements in [C, H, W] order).
  virtual void normal(std::span<float> out) = 0;
  /// An independent copy in the same state, for checkpoints and previews.
  virtual std::unique_ptr<NoiseStream> clone() const = 0;
};

/// How a seed becomes numbers. Exists for the CLI, the params table and the tests by being in noise_kinds().
struct NoiseKind {
  std::string_view name;  ///< "torch", "philox"
  std::string_view doc;
  std::unique_ptr<NoiseStream> (*make)(uint64_t seed);
};
std::span<const NoiseKind* const> noise_kinds();
/// By name; `invalid` with field "noise", listing the names.
Result<const NoiseKind*> find_noise_kind(std::string_view name);

}  // namespace limner
