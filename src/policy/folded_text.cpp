#include "policy/folded_text.h"

#include "policy/homoglyphs.h"
#include "text/unicode.h"
#include "text/unicode_matching.h"

namespace limner {
namespace {

// The letter that a digit or sign stands in for, 0 for none; strokes are a kind of their own.
char letter_of_digit(char32_t digit) { return "o|zeasgtbg"[digit - U'0']; }
char letter_of_sign(char32_t sign) {
  switch (sign) {
    case U'@':
      return 'a';
    case U'$':
      return 's';
    case U'+':
      return 't';
    case U'\u00A3':  // pound
      return 'l';
    default:
      return 0;
  }
}
bool is_stroke_sign(char32_t sign) { return sign == U'!' || sign == U'|' || sign == U'\u00A1'; }

// What separates the items of a list keeps words apart, also where no space follows: "pen,island".
bool is_list_mark(char32_t sign) { return sign == U',' || sign == U';' || sign == U'&' || sign == U'\u3001'; }

// Marks of the scripts whose letters are folded, and those for symbols; others spell words.
bool is_ornament(char32_t mark) {
  return (mark >= 0x300 && mark <= 0x36F) || (mark >= 0x483 && mark <= 0x489) ||
         (mark >= 0x1AB0 && mark <= 0x1AFF) || (mark >= 0x1DC0 && mark <= 0x1DFF) ||
         (mark >= 0x20D0 && mark <= 0x20FF) || (mark >= 0xFE20 && mark <= 0xFE2F);
}

}  // namespace

FoldedText::FoldedText(std::span<const std::string> pieces) {
  for (const std::string& piece : pieces) {
    if (!signs_.empty()) signs_.push_back({0, Kind::seam});
    for (const char32_t code_point : decode_utf8(piece)) add(code_point);
  }
}

void FoldedText::add(char32_t code_point) {
  if (is_default_ignorable(code_point)) return;
  for (const char32_t part : decompose_compatibly(code_point)) add_part(part);
}

void FoldedText::add_part(char32_t part) {
  if (is_default_ignorable(part)) return;
  if (is_mark(part)) {
    // A mark of another script on a Latin letter is there to hide it.
    if (is_ornament(part) || signs_.empty() || signs_.back().c < 0x80) return;
    signs_.push_back({part, Kind::letter, part});
    return;
  }
  const char32_t lower = lower_letter(part);
  char32_t letter = static_cast<char32_t>(homoglyph_letter(part));
  if (!letter) {
    letter = static_cast<char32_t>(homoglyph_letter(lower));
    if (!letter && (lower < 0x80 ? lower >= U'a' && lower <= U'z' : is_letter(lower) || is_number(lower)))
      letter = lower;
  }
  Kind kind = Kind::mark;
  if (letter == static_cast<char32_t>(kStroke)) {
    kind = Kind::stroke_letter;
  } else if (letter) {
    kind = Kind::letter;
  } else if (is_space(part) || is_list_mark(part)) {
    kind = Kind::space;
  } else if (part >= U'0' && part <= U'9') {
    kind = Kind::digit;
  } else if (is_stroke_sign(part)) {
    kind = Kind::stroke_sign;
  } else if (letter_of_sign(part)) {
    kind = Kind::sign;
  }
  ambiguous_ = ambiguous_ || kind == Kind::stroke_letter || kind == Kind::digit || kind == Kind::sign ||
               kind == Kind::stroke_sign;
  foreign_ = foreign_ || (lower >= 0x80 && letter && letter < 0x80);
  signs_.push_back({letter ? letter : part, kind, lower});
}

// c is 0 where the reading takes the sign for a gap.
Letter FoldedText::letter_of(const Sign& sign, Reading reading, bool after_stroke) {
  const bool digits = reading == Reading::literal || reading == Reading::native;
  const bool leet = reading == Reading::strokes_i || reading == Reading::strokes_l;
  const char32_t stroke = reading == Reading::strokes_i && !after_stroke ? U'i' : U'l';
  switch (sign.kind) {
    case Kind::letter:
      return {.c = reading == Reading::native ? sign.native : sign.c};
    case Kind::stroke_letter:
      return {.c = reading == Reading::native ? sign.native : stroke};
    case Kind::stroke_sign:
      return leet ? Letter{.c = stroke, .stand_in = true} : Letter{};
    case Kind::sign:
      return leet ? Letter{.c = static_cast<char32_t>(letter_of_sign(sign.c)), .stand_in = true} : Letter{};
    case Kind::digit: {
      if (digits) return {.c = sign.c};
      if (!leet) return {};
      const char32_t letter = static_cast<char32_t>(letter_of_digit(sign.c));
      return {.c = letter == U'|' ? stroke : letter, .stand_in = true, .digit = true};
    }
    case Kind::mark:
    case Kind::space:
    case Kind::seam:
      return {};
  }
  return {};
}

std::vector<Reading> FoldedText::readings() const {
  std::vector<Reading> readings;
  readings.push_back(Reading::literal);
  if (ambiguous_)
    for (const Reading reading : {Reading::strokes_i, Reading::strokes_l, Reading::separators})
      readings.push_back(reading);
  if (foreign_) readings.push_back(Reading::native);
  return readings;
}

std::vector<Letter> FoldedText::read(Reading reading) const {
  std::vector<Letter> letters;
  Gap gap = Gap::none;
  bool after_stroke = false;
  for (const Sign& sign : signs_) {
    Letter letter = letter_of(sign, reading, after_stroke);
    after_stroke = sign.kind == Kind::stroke_letter || sign.kind == Kind::stroke_sign ||
                   (sign.kind == Kind::digit && sign.c == U'1');
    if (letter.c == 0) {
      const Gap here = sign.kind == Kind::seam    ? Gap::seam
                       : sign.kind == Kind::space ? Gap::space
                                                  : Gap::mark;
      gap = std::max(gap, here);
      continue;
    }
    letter.before = gap;
    letters.push_back(letter);
    gap = Gap::none;
  }
  return letters;
}

}  // namespace limner
