#pragma once
// The printable stand-ins of bytes in the vocabularies of GPT-2 and CLIP.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace limner {

/// The code point that stands for each byte: printable Latin-1 for itself, the other 68 bytes for U+0100
/// upwards. `bytes_to_unicode` of GPT-2 (Radford et al. 2019).
const std::array<char32_t, 256>& byte_symbols();

/// All bytes in the order in which CLIP's vocabulary lists their symbols: printable first.
const std::array<uint8_t, 256>& byte_order();

/// The byte that `symbol` stands for, if any.
std::optional<uint8_t> byte_of_symbol(char32_t symbol);

}  // namespace limner
