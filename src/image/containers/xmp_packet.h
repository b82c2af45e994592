#pragma once
// The XMP packet that carries our JSON in JPEG, WebP and AVIF files.

#include <string>
#include <string_view>

namespace limner {

/// An XMP packet (ISO 16684-1) whose one property, limner:parameters, holds `json`, well-formed UTF-8 without
/// NUL.
std::string write_xmp_packet(std::string_view json);

/// The text of limner:parameters, or "" if the packet has none. Reads our own spelling; it is no XML parser.
std::string read_xmp_packet(std::string_view packet);

}  // namespace limner
