#pragma once
// The invisible watermark: an id in the pixels that survives compression, resizing and cropping.

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "image/picture.h"

namespace limner {

/// Who can write and read a watermark: every carrier is drawn from HMAC-SHA-256 with `secret`.
struct WatermarkKey {
  std::string secret;  ///< 32 random bytes
  uint8_t label = 1;   ///< key version and provider; part of the payload, must match when read
};

/// What a picture carries: a number of 40 bits.
struct WatermarkId {
  uint64_t value = 0;

  bool operator==(const WatermarkId&) const = default;
};

/// Ids have this many bits; pictures of fewer than `kBriefPixels` pixels carry the lowest 20 of them.
inline constexpr int kWatermarkIdBits = 40;
inline constexpr int kBriefIdBits = 20;
inline constexpr int64_t kBriefPixels = 200 * 200;
/// Shorter sides hold less than one tile, of which hardly any reader finds anything: they are not marked.
inline constexpr int kWatermarkSideMin = 128;

/// A marked picture.
struct Marked {
  Picture picture;
  double psnr = 0;  ///< in dB, over the red, green and blue of all pixels
  int id_bits = 0;  ///< how many of the id's low bits are in it
  bool readable =
      false;  ///< whether read_watermark finds them in `picture` itself, as nothing happened to it
};

/// What mark_picture may spend.
struct MarkOptions {
  double psnr_min = 42;  ///< dB, 30 to 60
};

/// Adds `id` to the luma of `picture`, as strongly as `psnr_min` allows. Alpha is kept. An id of more than 40
/// bits or a PSNR out of range is `invalid`, a side under 128 pixels `unsupported`. The same arguments give
/// the same bytes, on any number of threads; thread-safe.
///
/// A periodic tile of 128 x 128 pixels of band-limited noise (0.03 to 0.2 cycles a pixel) holds a pilot and
/// 127 carriers, the bits of a BCH code word, all orthogonal (Cox et al. 1997, "Secure spread spectrum
/// watermarking for multimedia"). Its strength follows the texture, and each carrier's amplitude is what the
/// reader lacks given the picture: improved spread spectrum (Malvar and Florencio 2003).
Result<Marked> mark_picture(const Picture& picture, const WatermarkKey& key, WatermarkId id,
                            const MarkOptions& options = {});

/// What was found in a picture.
struct WatermarkReading {
  WatermarkId id;       ///< its low `id_bits` bits; the others are 0
  int id_bits = 0;      ///< 40, or 20 from a small picture
  double scale = 1;     ///< size of the picture in proportion to when it was marked
  int orientation = 0;  ///< 0 as marked; 1 to 7: turned by quarters, mirrored
  double p_value = 1;   ///< bound on the chance that an unmarked picture reads as anything
};

/// Looks for a watermark of `key`: at every offset (crops), in 8 orientations, at scales 0.4 to 2.5. Nothing
/// found is an empty optional; so is a picture too small to hold one. Rotations by other angles are not
/// searched. Thread-safe; deterministic.
std::optional<WatermarkReading> read_watermark(const Picture& picture, const WatermarkKey& key);

}  // namespace limner
