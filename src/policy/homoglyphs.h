#pragma once
// Characters that look like Latin letters.

namespace limner {

/// What may be an i or an l.
inline constexpr char kStroke = '|';

/// The small letter a to z that `code_point` (decomposed, not ASCII) looks like, kStroke if it looks like an
/// upright stroke, 0 if it looks like none. The table is made by tools/make_homoglyphs.py.
char homoglyph_letter(char32_t code_point);

}  // namespace limner
