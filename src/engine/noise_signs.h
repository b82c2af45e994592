#pragma once
// Signs that the first noise of a picture is given: what a watermark in the noise is made of.

#include <cstdint>
#include <vector>

#include "base/json.h"

namespace limner {

/// The field of errors that say why a drawing carries no signs.
inline constexpr char kNoiseSignsField[] = "noise_watermark";

/// Says which values of a noise are positive. The engine keeps what the values are otherwise, which is the
/// seed's own noise.
class NoiseSigns {
 public:
  virtual ~NoiseSigns() = default;
  /// Bit i % 64 of word i / 64 is value i of the [channels, height, width] noise that `seed` begins with. The
  /// same arguments give the same signs.
  virtual std::vector<uint64_t> signs(uint64_t seed, size_t count) const = 0;
  /// Fewer values than this are none of its noises.
  virtual size_t values_min() const = 0;
  /// What tells these signs from others: it goes into the picture's texts, and nothing secret may be in it.
  virtual Json json() const = 0;
};

}  // namespace limner
