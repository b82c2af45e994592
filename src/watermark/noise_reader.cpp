// Reading the watermark of a noise: every nonce is tried, the most promising are decoded.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "watermark/noise_mark.h"
#include "watermark/noise_stream.h"
#include "watermark/payload.h"

namespace limner {
namespace {

constexpr size_t kRow = 128;  // kCodeBits and one that stays 0
/// Nonces whose sums are decoded.
constexpr size_t kDecoded = 8;
constexpr int kDecodeOrder = 3;
/// The tail of a normal distribution bounds that of sums of coin tosses of any magnitudes but for a factor,
/// which is less than 3.18 (Pinelis 1994, "Extremal probabilistic problems and Hotelling's T2 test").
constexpr int kTossFactor = 4;

using Sums = std::array<float, kRow>;

/// For each byte of the stream, the sign bits that turn the values of 8 code bits around: 0 in the stream is
/// a minus.
struct SignTable {
  std::array<std::array<uint32_t, 8>, 256> flips{};

  SignTable() {
    for (size_t byte = 0; byte < 256; ++byte)
      for (size_t bit = 0; bit < 8; ++bit) flips[byte][bit] = byte >> bit & 1u ? 0 : 0x80000000u;
  }
};

/// Values in rows of kRow, in units in which the sums over rows of coin tosses have a variance of 1.
class TossedRows {
 public:
  explicit TossedRows(std::span<const float> noise) : rows_(noise_rows(noise.size())), values_(rows_ * kRow) {
    std::array<double, kRow> squares{};
    for (size_t i = 0; i < noise.size(); ++i) {
      const size_t bit = i % kCodeBits;
      values_[i / kCodeBits * kRow + bit] = noise[i];
      squares[bit] += double{noise[i]} * noise[i];
    }
    for (size_t bit = 0; bit < kCodeBits; ++bit) {
      says_nothing_ = says_nothing_ || !(squares[bit] > 0) || !std::isfinite(squares[bit]);
      const double unit = std::sqrt(squares[bit]);
      for (size_t row = 0; row < rows_; ++row) {
        float& value = values_[row * kRow + bit];
        value = says_nothing_ ? 0 : static_cast<float>(value / unit);
      }
    }
  }

  size_t rows() const { return rows_; }
  bool says_nothing() const { return says_nothing_; }

  /// The sums for one stream: positive where the code bit is likely a 1.
  Sums sums(const std::string& stream) const {
    static const SignTable table;
    Sums sums{};
    for (size_t row = 0; row < rows_; ++row)
      for (size_t byte = 0; byte < kRowBytes; ++byte) {
        const auto& flips = table.flips[static_cast<unsigned char>(stream[row * kRowBytes + byte])];
        const float* values = &values_[row * kRow + 8 * byte];
        float* to = &sums[8 * byte];
        for (size_t i = 0; i < 8; ++i)
          to[i] += std::bit_cast<float>(std::bit_cast<uint32_t>(values[i]) ^ flips[i]);
      }
    // A set bit of the word turns the stream's toss around.
    for (float& sum : sums) sum = -sum;
    return sums;
  }

 private:
  size_t rows_;
  std::vector<float> values_;
  bool says_nothing_ = false;
};

struct TriedNonce {
  float energy = 0;  // sum of squares of the sums
  int nonce = 0;
};

std::vector<TriedNonce> best_nonces(const TossedRows& tossed, const std::string& cipher_key) {
  std::vector<TriedNonce> all(kNonces);
  for (int nonce = 0; nonce < kNonces; ++nonce) {
    const Sums sums = tossed.sums(noise_stream(cipher_key, static_cast<uint16_t>(nonce), tossed.rows()));
    float energy = 0;
    for (const float sum : sums) energy += sum * sum;
    all[static_cast<size_t>(nonce)] = {energy, nonce};
  }
  std::partial_sort(all.begin(), all.begin() + kDecoded, all.end(),
                    [](const TriedNonce& a, const TriedNonce& b) {
                      return a.energy != b.energy ? a.energy > b.energy : a.nonce < b.nonce;
                    });
  all.resize(kDecoded);
  return all;
}

double presence_p(double energy, int attempts) {
  if (energy <= kCodeBits) return 1;
  const double exponent = (kCodeBits - energy + kCodeBits * std::log(energy / kCodeBits)) / 2;
  return std::min(1.0, static_cast<double>(attempts) * kNonces * std::exp(exponent));
}

SoftValues soft_of(const Sums& sums) {
  SoftValues soft;
  soft.noise = 1;
  for (size_t bit = 0; bit < kCodeBits; ++bit) soft.carriers[bit + 1] = sums[bit];
  return soft;
}

}  // namespace

std::optional<NoiseReading> read_noise(std::span<const float> noise, const WatermarkKey& key, int attempts) {
  if (noise.size() < kNoiseValuesMin) return std::nullopt;
  const TossedRows tossed(noise);
  if (tossed.says_nothing()) return std::nullopt;
  const std::string cipher_key = noise_cipher_key(key);
  const Carriers carriers(key);
  const std::vector<TriedNonce> candidates = best_nonces(tossed, cipher_key);
  for (const TriedNonce& candidate : candidates) {
    const auto nonce = static_cast<uint16_t>(candidate.nonce);
    const Sums sums = tossed.sums(noise_stream(cipher_key, nonce, tossed.rows()));
    const std::optional<DecodedId> decoded =
        decode_id(soft_of(sums), key, carriers, attempts * kNonces * kTossFactor, kDecodeOrder);
    if (!decoded) continue;
    const double p = std::min(decoded->p_value, presence_p(candidate.energy, attempts));
    return NoiseReading{2 * p, nonce, decoded->id, decoded->id_bits};
  }
  const double p = presence_p(candidates.front().energy, attempts);
  if (p > kPValueMax) return std::nullopt;
  return NoiseReading{2 * p, static_cast<uint16_t>(candidates.front().nonce), std::nullopt, 0};
}

}  // namespace limner
