#pragma once
// UTF-8 and what picture files hold instead of it: UTF-16 in EXIF, Latin-1 in old PNG text.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace limner {

/// Whether `text` is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

/// Big-endian UTF-16 of well-formed UTF-8, without a mark of byte order.
std::vector<std::byte> utf16_be_from_utf8(std::string_view text);

/// UTF-8 of UTF-16. A leading mark decides the byte order; without one, `big_endian` does. Lone surrogates
/// become U+FFFD.
std::string utf8_from_utf16(std::span<const std::byte> text, bool big_endian);

/// UTF-8 of ISO 8859-1, the encoding of PNG's tEXt.
std::string utf8_from_latin1(std::string_view text);

}  // namespace limner
