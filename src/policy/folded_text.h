#pragma once
// A text as it looks to a reader, whatever characters it is made of.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace limner {

/// What lies between a letter and the one before it, from weak to strong.
enum class Gap : uint8_t {
  none,
  seam,  ///< nothing that is written: the end of an emphasis, a BREAK
  mark,  ///< signs without a space
  space  ///< or a comma
};

/// A letter or digit of a reading.
struct Letter {
  char32_t c = 0;
  Gap before = Gap::none;
  bool stand_in = false;  ///< written as a digit or sign that looks like the letter
  bool digit = false;     ///< a digit that stands in
};

/// How digits and signs that look like letters are read. Each way finds what the others miss: "nud3",
/// "sl1t", "4nude2", "1488".
enum class Reading : uint8_t {
  literal,     ///< digits are digits, signs are gaps
  strokes_i,   ///< they are letters; of strokes (1 ! |) side by side the first is an i, the others l
  strokes_l,   ///< they are letters; strokes are l
  separators,  ///< both are gaps
  native,      ///< literal, and letters of other scripts are themselves and not what they look like
};

/// Texts in order, folded: compatibility decomposition, marks and hidden characters off, lower case,
/// look-alikes of other scripts to the Latin letter they look like (UTS #39 and more, see homoglyphs.h).
/// Between two `pieces` is a seam. Linear in their length.
class FoldedText {
 public:
  explicit FoldedText(std::span<const std::string> pieces);

  /// The letters of one reading.
  std::vector<Letter> read(Reading reading) const;
  /// The readings that differ; the literal one is the first.
  std::vector<Reading> readings() const;

 private:
  enum class Kind : uint8_t { letter, stroke_letter, digit, sign, stroke_sign, mark, space, seam };
  struct Sign {
    char32_t c;
    Kind kind;
    char32_t native = 0;  ///< of letters: the letter itself, in lower case
  };
  void add(char32_t code_point);
  void add_part(char32_t part);
  static Letter letter_of(const Sign& sign, Reading reading, bool after_stroke);

  std::vector<Sign> signs_;
  bool ambiguous_ = false, foreign_ = false;
};

}  // namespace limner
