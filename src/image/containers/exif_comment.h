#pragma once
// EXIF's UserComment: where A1111 keeps its infotext in files that are not PNG.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace limner {

/// A TIFF block (without the "Exif\0\0" before it) that holds `text`, well-formed UTF-8, as its UserComment
/// and nothing else: big-endian, character code UNICODE, UTF-16 big-endian, byte for byte what piexif makes
/// for A1111.
std::vector<std::byte> write_exif_comment(std::string_view text);

/// The UserComment of a TIFF block, with or without "Exif\0\0", as UTF-8; empty if there is none or the block
/// is broken. Knows the character codes UNICODE (either byte order), ASCII and none.
std::string read_exif_comment(std::span<const std::byte> block);

}  // namespace limner
