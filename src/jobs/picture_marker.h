#pragma once
// The marks that drawn pictures leave with: an id in their pixels, a signed manifest in their files.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "image/format.h"
#include "image/picture.h"
#include "jobs/noise_watermark.h"
#include "jobs/time_stamp_client.h"
#include "ledger/pictures.h"
#include "provenance/sign.h"
#include "watermark/watermark.h"

namespace limner {

/// Which marks, and with whose keys.
struct MarkingConfig {
  bool sign = true, watermark = true;
  bool noise_watermark = false;         ///< whether the noise that pictures are drawn from carries an id too
  std::filesystem::path folder;         ///< keys that nobody named are made here on first use
  std::filesystem::path signing;        ///< folder of key.pem and chain.pem; empty: folder/signing
  std::filesystem::path watermark_key;  ///< file; empty: folder/watermark.key
  std::filesystem::path trust;          ///< PEM file of roots to believe beside one's own; may be empty
  std::string provider;                 ///< who answers for the pictures; empty: as the certificate says
  TimeStampConfig time_stamp;
};
std::filesystem::path signing_folder(const MarkingConfig& config);
std::filesystem::path watermark_key_path(const MarkingConfig& config);

/// A picture's id in the pixels as a manifest names it, so that a file without one leads back to it:
/// `org.limner.tile.1`, a byte with the number of bits, the id in 5 bytes, the highest first.
SoftBinding soft_binding(WatermarkId id, int id_bits);

/// What was done to a picture's pixels.
struct PixelMarks {
  Picture picture;                     ///< with the mark
  Json json;                           ///< for the picture's metadata
  PictureMark mark;                    ///< for its row
  std::optional<SoftBinding> binding;  ///< for its manifest; none where nobody could read it
};

/// Thread-safe.
class PictureMarker {
 public:
  /// Reads the keys, a millisecond once. Keys that are named and missing or broken are errors that say so.
  static Result<std::unique_ptr<PictureMarker>> open(const MarkingConfig& config, TimeUs now,
                                                     TimeStamping stamping = {});
  /// No `signer`: files get no manifest; no `pixel_key`: pixels stay as they are; no `noise_key`: noises do.
  PictureMarker(SignerPtr signer, std::optional<WatermarkKey> pixel_key,
                std::optional<WatermarkKey> noise_key, std::string provider);

  /// Whether there is any mark that it makes.
  bool marks() const { return signer_ || pixel_key_ || noise_key_; }
  /// Which keys it marks with, by digests that say nothing of them: for the audit log.
  Json keys() const;
  /// Whether files of that format get a manifest.
  bool signs(Format format) const { return signer_ && can_carry_manifest(format); }

  /// What the noise of a tenant's picture is to be marked with; nothing where that is switched off.
  std::optional<NoiseWatermark> noise_watermark(std::string_view tenant, uint64_t seed) const;

  /// Picture `position` of `job` with its watermark. Its id is the one that its noise carries already, or
  /// follows from job and position, so that a picture that is drawn again is the same one. Too small a
  /// picture (kWatermarkSideMin) comes back as it was, and the JSON says why; one that cannot be marked for
  /// any other reason is an error.
  Result<PixelMarks> mark_pixels(const Picture& picture, std::string_view job, int position,
                                 const NoiseCarried& noise = {}) const;

  /// The file with a manifest; as it was where signs(format) is false.
  Result<std::vector<std::byte>> sign(std::vector<std::byte> file, Format format, PictureOrigin origin) const;

 private:
  WatermarkId id_of(std::string_view job, int position) const;

  SignerPtr signer_;
  std::optional<WatermarkKey> pixel_key_, noise_key_;
  std::string provider_;
};

/// The digest by which pixels are told apart, of any file format: SHA-256 over "WIDTHxHEIGHTxCHANNELS\n" and
/// the bytes of the pixels, row after row.
std::string pixels_sha256(const Picture& picture);

/// The picture of which the hash is made by which it is looked for among drawn ones (similarity/pdq.h): at
/// most 512 pixels a side, which bounds what the hash costs and changes a few bits of it at most.
Result<Picture> shrunk_for_hash(const Picture& picture);

}  // namespace limner
