#pragma once
// The watermark in the noise that a picture is drawn from: Gaussian Shading (Yang et al. 2024,
// arXiv:2404.04956).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "watermark/watermark.h"

namespace limner {

/// Noises of fewer values are not marked: not even their being marked would be known again.
inline constexpr size_t kNoiseValuesMin = 256;
/// Those of fewer carry the lowest 20 bits of the id, as pictures of fewer than kBriefPixels pixels do: they
/// are as large, at 8 x 8 pixels for 4 values.
inline constexpr size_t kBriefNoiseValues = kBriefPixels / 16;

/// How many of an id's low bits a noise of `values` values carries: 40 or 20.
int noise_id_bits(size_t values);

/// The number by which the key streams of seeds differ: 16 bits of HMAC(secret, seed). A reader who does not
/// know the seed tries them all.
uint16_t noise_nonce(const WatermarkKey& key, uint64_t seed);

/// The signs of the first noise of a picture of `seed` that carries `id`: bit i % 64 of word i / 64 says
/// whether value i of `count` is positive.
///
/// The 127 bits of the id's code word (encode_id) are repeated over the values and added to the key stream,
/// ChaCha20 of the key and the seed's nonce. To whoever lacks the key the signs are independent coin tosses,
/// as those of any noise are, and the noise's magnitudes stay what they were: marked and unmarked pictures
/// have one distribution. The same arguments give the same signs; thread-safe. `count` is at least
/// kNoiseValuesMin.
std::vector<uint64_t> noise_signs(const WatermarkKey& key, WatermarkId id, uint64_t seed, size_t count);

/// What was found in a noise.
struct NoiseReading {
  /// Bound on the chance that an unmarked picture reads as anything, all nonces and `attempts` counted.
  double p_value = 1;
  uint16_t nonce = 0;             ///< of the seed, see noise_nonce()
  std::optional<WatermarkId> id;  ///< its low `id_bits` bits; empty: marked, but with what cannot be read
  int id_bits = 0;
};

/// Looks for a watermark of `key` in what is known of the noise behind a picture: values as noise_signs()
/// counts them, with signs of which many may be wrong, larger where surer. `attempts` is how many such calls
/// are made for one picture. Nothing found is an empty optional, and so is a noise of fewer than
/// kNoiseValuesMin values, or one that says nothing. Deterministic; thread-safe. 65,536 nonces are tried: for
/// 16,384 values a second of one core.
///
/// That a noise is marked: with the right nonce the values that carry one bit add up, and with any other the
/// 127 sums, in units of what coin tosses would make them, have squares that add up to about 127. For coin
/// tosses of any fixed magnitudes P(sum of squares >= x) <= exp((127 - x + 127 ln(x / 127)) / 2), Chernoff's
/// bound of the chi-square distribution, for sums of coin tosses have no heavier moments than normal ones.
/// What it carries: decode_id() of the same sums.
std::optional<NoiseReading> read_noise(std::span<const float> noise, const WatermarkKey& key, int attempts);

}  // namespace limner
