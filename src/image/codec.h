#pragma once
// Picture files to pixels and back.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/format.h"
#include "image/picture.h"

namespace limner {

/// How much of a stranger's picture we are willing to hold.
struct DecodeLimits {
  size_t file_bytes_max = 64u << 20;
  int64_t pixels_max = 64 << 20;  ///< width x height, read from the header before any pixel is decoded
};

/// Decodes a PNG, JPEG, WebP or AVIF file (its first picture, if it is animated).
///
/// The result is upright (EXIF orientation applied), 8-bit sRGB, with 3 channels or, if the file has
/// transparency, 4: grey, palette, CMYK, 16-bit and colour-managed files are converted. Which format it is,
/// the bytes say, not a name. `field` names the picture in errors: `unsupported` for other formats,
/// `too_large` over a limit, `invalid` for a file that is damaged or cut short. Thread-safe; the same bytes
/// always give the same pixels.
Result<Picture> decode_picture(std::span<const std::byte> file, std::string_view field,
                               const DecodeLimits& limits = {});

/// Decodes the file at `path`, which `field` gave. Missing is `not_found`, anything but a regular file
/// `invalid`.
Result<Picture> read_picture(const std::string& path, std::string_view field,
                             const DecodeLimits& limits = {});

/// How to write a file.
struct EncodeOptions {
  Format format = Format::png;
  int quality = 90;                 ///< 1 to 100; PNG is lossless and does not look at it
  std::string infotext;             ///< written into the file unless empty; see file_metadata.h
  std::string limner_json;          ///< likewise
  std::string digital_source_type;  ///< likewise
};

/// Encodes `picture`. The same picture and options give the same bytes on every call: no times, names or
/// machine in them. A quality out of range, transparency in a JPEG, texts that are not UTF-8 (or, for the
/// JSON, not JSON) are `invalid`; texts too long for a JPEG are `too_large`. Thread-safe.
Result<std::vector<std::byte>> encode_picture(const Picture& picture, const EncodeOptions& options);

}  // namespace limner
