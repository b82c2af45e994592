#pragma once
// The XMP packet that carries our JSON in JPEG, WebP and AVIF files, and IPTC's source type in all of them.

#include <string>
#include <string_view>

namespace limner {

/// An XMP packet (ISO 16684-1) whose property limner:parameters holds `json`, well-formed UTF-8 without NUL,
/// and Iptc4xmpExt:DigitalSourceType (IPTC Photo Metadata 2023.2) a word for how the picture came to be. What
/// is empty is left out.
std::string write_xmp_packet(std::string_view json, std::string_view source_type = {});

/// The text of limner:parameters, or "" if the packet has none. Reads our own spelling; it is no XML parser.
std::string read_xmp_packet(std::string_view packet);

/// The same of Iptc4xmpExt:DigitalSourceType.
std::string read_xmp_source_type(std::string_view packet);

}  // namespace limner
