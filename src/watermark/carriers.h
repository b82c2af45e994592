#pragma once
// The noise that carries bits: a pilot and 127 orthogonal carriers in the spectrum of a tile.

#include <array>
#include <complex>
#include <cstdint>
#include <vector>

#include "watermark/bch.h"
#include "watermark/watermark.h"

namespace limner {

/// The tile is kTile x kTile pixels and repeats.
inline constexpr int kTile = 128;
/// Complex frequencies used, of the half plane (the other half is their conjugates).
inline constexpr int kBins = 1024;
/// Their largest component, in cycles a tile.
inline constexpr int kBandMax = 25;
/// Carrier 0 is the pilot, carrier 1 + i holds bit i of the code word.
inline constexpr int kCarriers = 1 + kCodeBits;

/// A frequency in cycles a tile: down and across, across >= 0.
struct Frequency {
  int down = 0, across = 0;
};

/// The kBins lowest frequencies from 0.03 cycles a pixel up, lowest first; they end at 0.2.
const std::vector<Frequency>& band();

/// How strong a carrier is at each bin: higher frequencies a little stronger (exponent 0.75), since pictures
/// are weaker there.
const std::vector<float>& band_shape();

/// A value at each bin of the band.
using Spectrum = std::vector<std::complex<float>>;
using Amplitudes = std::array<float, kCarriers>;

/// What is known of the received spectrum along the carriers.
struct SoftValues {
  Amplitudes carriers{};  ///< in units of the noise
  float noise = 0;        ///< standard deviation along the directions that no carrier uses
};

/// The carriers of a key. The 2048 real degrees of freedom of the band, in an order and with signs drawn from
/// the key, are multiplied by rows of a Hadamard matrix: carriers are orthogonal and equally spread, and 1920
/// rows are left that hold nothing but noise, which is how the noise is known.
class Carriers {
 public:
  explicit Carriers(const WatermarkKey& key);

  /// The spectrum of the pilot alone; its energy is 1.
  const Spectrum& pilot() const { return pilot_; }
  /// One period [kTile, kTile] of the sum of carriers with `amplitudes`, with the shape of the band.
  std::vector<float> tile(const Amplitudes& amplitudes) const;
  /// Projections of a whitened spectrum on the carriers.
  SoftValues soft_values(const Spectrum& spectrum) const;
  /// 64 bits of the key that payloads are mixed with.
  uint64_t payload_mask() const { return payload_mask_; }

 private:
  Spectrum spectrum_of(const Amplitudes& amplitudes) const;

  std::vector<uint16_t> order_;
  std::vector<float> sign_;
  Spectrum pilot_;
  uint64_t payload_mask_ = 0;
};

}  // namespace limner
