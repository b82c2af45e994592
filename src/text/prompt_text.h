#pragma once
// Pieces of text that the prompt parsers share.

#include <cstddef>
#include <optional>
#include <string_view>

namespace limner {

inline bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

/// Without the ASCII white space at one or both ends.
std::string_view trim_start(std::string_view text);
std::string_view trim_end(std::string_view text);
std::string_view trim(std::string_view text);

/// The position of `keyword` as a whole word at or after `from`, npos if there is none. Any byte of a
/// non-ASCII character counts as part of a word.
size_t find_word(std::string_view text, std::string_view keyword, size_t from);

/// The number that all of `text` spells: a sign, digits with or without a point, an exponent where `exponent`
/// allows it.
std::optional<double> parse_decimal(std::string_view text, bool exponent);

}  // namespace limner
