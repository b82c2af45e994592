#include "policy/homoglyphs.h"

#include <algorithm>
#include <iterator>

namespace limner {
namespace {

struct Homoglyph {
  char32_t code_point;
  char letter;
};

// Ascending.
constexpr Homoglyph kHomoglyphs[] = {
#include "policy/homoglyph_table.inc"
};

}  // namespace

char homoglyph_letter(char32_t code_point) {
  if (code_point < 0x80) return 0;
  const auto* found = std::ranges::lower_bound(kHomoglyphs, code_point, {}, &Homoglyph::code_point);
  return found != std::end(kHomoglyphs) && found->code_point == code_point ? found->letter : '\0';
}

}  // namespace limner
