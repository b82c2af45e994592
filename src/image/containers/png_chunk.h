#pragma once
// A chunk of a PNG (W3C PNG, 5.3): length, type, data, CRC-32 of both.

#include <string_view>

#include "image/containers/byte_reader.h"

namespace limner {

inline constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1A\n";

/// Appends a chunk; `type` has four letters, `data` less than 2 GiB.
void write_png_chunk(ByteWriter& out, std::string_view type, std::span<const std::byte> data);

}  // namespace limner
