#pragma once
// The Unicode that comparing texts by their looks needs: what a text keeps when style, marks and hidden
// characters are taken off it. Data: utf8proc 2.8, Unicode 15.

#include <string>
#include <string_view>

namespace limner {

/// Normalization form KD without the ordering of marks: letters in circles, of full width, of mathematical
/// alphabets become letters; ligatures come apart; an accented letter becomes the letter and its marks. One
/// code point becomes 18 at most.
std::u32string decompose_compatibly(char32_t code_point);

/// A combining mark: general category M*.
bool is_mark(char32_t code_point);

/// What a reader does not see: joiners, directions, variation selectors, tags, fillers. The property
/// Default_Ignorable_Code_Point.
bool is_default_ignorable(char32_t code_point);

/// Simple lower case; of U+0130 the letter i.
char32_t lower_letter(char32_t code_point);

/// Letters of scripts that write words without spaces between them: Han, kana, Thai, Lao, Myanmar, Khmer.
bool is_written_without_spaces(char32_t code_point);

}  // namespace limner
