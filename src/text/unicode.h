#pragma once
// The Unicode a tokenizer needs: UTF-8, character classes, lower case, canonical composition.
//
// Each answer is the one the `tokenizers` library (0.22) gives, which takes its data from three Unicode
// versions at once: classes from 16, lower case from 17, composition from 9. utf8proc supplies the bulk;
// unicode.cpp lists where the reference differs.

#include <string>
#include <string_view>

namespace limner {

/// The code points of `utf8`. Each maximal invalid subsequence becomes one U+FFFD (WHATWG "replacement"
/// decoding, as Python's `errors="replace"`), so any bytes are accepted.
std::u32string decode_utf8(std::string_view utf8);

/// Appends the UTF-8 form of `code_point`, which is a Unicode scalar value.
void append_utf8(char32_t code_point, std::string& out);
std::string encode_utf8(std::u32string_view text);

/// General category L*, N* and the property White_Space.
bool is_letter(char32_t code_point);
bool is_number(char32_t code_point);
bool is_space(char32_t code_point);

/// Simple lower case of each code point alone (no final sigma), except U+0130 which becomes two.
std::u32string lower_case(std::u32string_view text);

/// Normalization form C. Linear but for the sorting of runs of combining marks, n log n each.
std::u32string compose_canonically(std::u32string_view text);

}  // namespace limner
