#pragma once
// The picture file formats Limner reads and writes.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace limner {

/// A file format. Everything else a picture might come in is refused by name.
enum class Format : uint8_t { png, jpeg, webp, avif };

/// "png", "jpeg", "webp" or "avif".
std::string_view format_name(Format format);

/// The ending Limner gives such a file, with its dot: ".png", ".jpg", ".webp", ".avif".
std::string_view format_extension(Format format);

/// "image/png" and so on, as HTTP and C2PA name it.
std::string_view format_media_type(Format format);

/// From a name as a person types it ("png", "jpeg", "jpg", "webp", "avif"; any case). `field` names the
/// option in the error.
Result<Format> format_from_name(std::string_view name, std::string_view field);

/// From the ending of a file name ("out/fox.JPG"). A name without an ending, or with another one, is
/// `unsupported`.
Result<Format> format_from_extension(std::string_view path, std::string_view field);

/// From a file's first bytes: what the bytes are, not what somebody called them. An AVIF is an ISO base media
/// file whose brands include avif or avis; a HEIC is not. Anything else is `unsupported`.
Result<Format> sniff_format(std::span<const std::byte> file, std::string_view field);

}  // namespace limner
