#include "watermark/carriers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/crypto.h"
#include "watermark/fourier.h"

namespace limner {
namespace {

constexpr size_t kDegrees = 2 * kBins;
constexpr double kLowest = 0.03 * kTile;
constexpr double kShapeExponent = 0.75;

// Bytes that only the key's owner can tell from noise: HMAC(secret, name | label | counter), block after
// block.
class KeyStream {
 public:
  explicit KeyStream(const WatermarkKey& key) : key_(key) {}

  uint32_t next32() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | next8();
    return value;
  }
  // Uniform below `bound`: values that would favour small results are drawn again.
  uint32_t below(uint32_t bound) {
    const uint32_t usable = UINT32_MAX - UINT32_MAX % bound;
    uint32_t value = next32();
    while (value >= usable) value = next32();
    return value % bound;
  }

 private:
  uint8_t next8() {
    if (used_ == block_.size()) {
      std::string message = "limner watermark carriers 1 ";
      message += static_cast<char>(key_.label);
      for (int shift = 24; shift >= 0; shift -= 8) message += static_cast<char>(counter_ >> shift & 255u);
      block_ = hmac_sha256(key_.secret, message);
      ++counter_;
      used_ = 0;
    }
    return static_cast<uint8_t>(block_[used_++]);
  }

  const WatermarkKey& key_;
  std::string block_;
  size_t used_ = 0;
  uint32_t counter_ = 0;
};

// Multiplies by the Hadamard matrix of Sylvester's construction, in place.
void walsh_hadamard(std::vector<float>& values) {
  for (size_t half = 1; half < values.size(); half *= 2)
    for (size_t start = 0; start < values.size(); start += 2 * half)
      for (size_t i = start; i < start + half; ++i) {
        const float a = values[i], b = values[i + half];
        values[i] = a + b;
        values[i + half] = a - b;
      }
}

std::vector<Frequency> lowest_frequencies() {
  std::vector<Frequency> all;
  constexpr int kSearch = 40;
  for (int down = -kSearch; down <= kSearch; ++down)
    for (int across = 0; across <= kSearch; ++across) {
      if (across == 0 && down <= 0) continue;
      if (std::hypot(down, across) >= kLowest) all.push_back({down, across});
    }
  const auto square = [](const Frequency& f) { return f.down * f.down + f.across * f.across; };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Frequency& a, const Frequency& b) { return square(a) < square(b); });
  all.resize(kBins);
  return all;
}

std::vector<float> shape_of_band() {
  std::vector<float> shape;
  for (const Frequency& f : band())
    shape.push_back(static_cast<float>(std::pow(std::hypot(f.down, f.across) / 10, kShapeExponent)));
  return shape;
}

}  // namespace

const std::vector<Frequency>& band() {
  static const std::vector<Frequency> frequencies = lowest_frequencies();
  return frequencies;
}

const std::vector<float>& band_shape() {
  static const std::vector<float> shape = shape_of_band();
  return shape;
}

Carriers::Carriers(const WatermarkKey& key) : order_(kDegrees), sign_(kDegrees) {
  KeyStream stream(key);
  payload_mask_ = static_cast<uint64_t>(stream.next32()) << 32;
  payload_mask_ |= stream.next32();
  std::iota(order_.begin(), order_.end(), uint16_t{0});
  for (uint32_t i = kDegrees - 1; i > 0; --i) std::swap(order_[i], order_[stream.below(i + 1)]);
  for (size_t i = 0; i < kDegrees; i += 32) {
    const uint32_t bits = stream.next32();
    for (size_t j = 0; j < 32; ++j) sign_[i + j] = bits >> j & 1u ? 1.0f : -1.0f;
  }
  Amplitudes only_pilot{};
  only_pilot[0] = 1;
  pilot_ = spectrum_of(only_pilot);
}

Spectrum Carriers::spectrum_of(const Amplitudes& amplitudes) const {
  std::vector<float> values(kDegrees, 0.0f);
  std::copy(amplitudes.begin(), amplitudes.end(), values.begin());
  walsh_hadamard(values);
  const float unit = 1 / std::sqrt(static_cast<float>(kDegrees));
  Spectrum spectrum(kBins);
  for (size_t i = 0; i < kDegrees; ++i) {
    const float value = sign_[i] * values[i] * unit;
    std::complex<float>& bin = spectrum[order_[i] / 2u];
    if (order_[i] % 2u)
      bin.imag(value);
    else
      bin.real(value);
  }
  return spectrum;
}

std::vector<float> Carriers::tile(const Amplitudes& amplitudes) const {
  const Spectrum spectrum = spectrum_of(amplitudes);
  ComplexGrid grid(kTile, kTile), turned(kTile, kTile);
  for (size_t i = 0; i < kBins; ++i) {
    const Frequency f = band()[i];
    const std::complex<float> value = spectrum[i] * band_shape()[i];
    const auto put = [&](int down, int across, std::complex<float> v) {
      const size_t at = grid.at((down + kTile) % kTile, (across + kTile) % kTile);
      grid.re[at] = v.real();
      grid.im[at] = v.imag();
    };
    put(f.down, f.across, value);
    put(-f.down, -f.across, std::conj(value));
  }
  transform_rows(grid, true);
  transpose(grid, turned);
  transform_rows(turned, true);
  transpose(turned, grid);
  for (float& value : grid.re) value /= kTile;
  return grid.re;
}

SoftValues Carriers::soft_values(const Spectrum& spectrum) const {
  std::vector<float> values(kDegrees);
  for (size_t i = 0; i < kDegrees; ++i) {
    const std::complex<float>& bin = spectrum[order_[i] / 2u];
    values[i] = sign_[i] * (order_[i] % 2u ? bin.imag() : bin.real());
  }
  walsh_hadamard(values);
  SoftValues soft;
  double energy = 0;
  for (size_t i = kCarriers; i < kDegrees; ++i) energy += static_cast<double>(values[i]) * values[i];
  soft.noise = static_cast<float>(std::sqrt(energy / static_cast<double>(kDegrees - kCarriers)));
  const float unit = soft.noise > 0 ? 1 / soft.noise : 0.0f;
  for (size_t i = 0; i < kCarriers; ++i) soft.carriers[i] = values[i] * unit;
  return soft;
}

}  // namespace limner
