#pragma once
// The words inside a picture file: how it was drawn, for people (A1111 infotext) and for programs (JSON).

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "image/format.h"

namespace limner {

/// The texts Limner keeps in a file; empty where the file has none.
struct FileMetadata {
  std::string infotext;             ///< UTF-8; see infotext.h
  std::string limner_json;          ///< UTF-8; one JSON value
  std::string digital_source_type;  ///< IPTC's word for how the picture came to be; see digital_source.h

  bool empty() const { return infotext.empty() && limner_json.empty() && digital_source_type.empty(); }
  /// Whether an XMP packet holds any of it, in the formats that keep the JSON there.
  bool in_xmp() const { return !limner_json.empty() || !digital_source_type.empty(); }
};

/// Reads both texts without decoding any pixel, from our files and from those A1111 and its descendants
/// wrote.
///
/// PNG: text chunks "parameters" and "limner" (uncompressed, as every known writer leaves them).
/// JPEG, WebP, AVIF: EXIF UserComment, and the XMP property limner:parameters.
/// The source type is the XMP property Iptc4xmpExt:DigitalSourceType in all four.
/// `field` names the file in errors: not one of the four formats is `unsupported`, a broken container is
/// `invalid`.
Result<FileMetadata> read_file_metadata(std::span<const std::byte> file, std::string_view field);

}  // namespace limner
