#pragma once
// PDQ: 256 bits that stay nearly the same when a picture is compressed, resized or slightly changed.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "image/picture.h"

namespace limner {

/// A hash of 256 bits: bit i is words[i / 64] >> (i % 64) & 1.
struct PdqHash {
  std::array<uint64_t, 4> words{};

  bool operator==(const PdqHash&) const = default;
};

/// How many bits differ, 0 to 256.
int hamming_distance(const PdqHash& a, const PdqHash& b);

/// 64 lower-case hexadecimal digits, the highest bit first, as the reference prints it; and back: anything
/// else is `invalid` with `field`.
std::string pdq_text(const PdqHash& hash);
Result<PdqHash> pdq_from_text(std::string_view text, std::string_view field);

/// Hashes of flatter pictures than this say nothing: two of them may be alike by chance (the reference
/// discards them).
inline constexpr int kPdqQualityMin = 50;
/// Pictures of one origin differ in at most so many bits (the reference's threshold) ...
inline constexpr int kPdqMatch = 31;
/// ... and hardly changed copies in at most so many.
inline constexpr int kPdqCopy = 10;

/// The hash of a picture in its 8 orientations, and its quality.
struct PdqHashes {
  /// [0] as it is; bit 0: mirrored left to right, bit 1: top to bottom, bit 2: then rows and columns swapped.
  std::array<PdqHash, 8> orientations;
  int quality = 0;  ///< 0 to 100, how much there is to see
};

/// PDQ (Davis and Rosen 2019, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm"):
/// luma, two passes of a box filter each way, 64 x 64 samples, the 16 x 16 lowest frequencies of their cosine
/// transform without the constant ones, each a bit: above their median or not. Every orientation is hashed as
/// a picture of its own: sampling is not symmetric, and what follows from one transform by signs and a
/// transpose would be up to 36 bits off. A side under 5 pixels has quality 0. Sums are in the order of the
/// reference implementation, so that its hashes come out bit for bit. Deterministic, thread-safe.
PdqHashes pdq_hashes(const Picture& picture);

/// The hash of a picture as it is, alone: an eighth of the work.
struct PdqReading {
  PdqHash hash;
  int quality = 0;
};
PdqReading pdq_hash(const Picture& picture);

}  // namespace limner
