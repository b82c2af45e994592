#include "text/unicode_matching.h"

#include <utf8proc.h>

#include <iterator>

#include "base/check.h"
#include "text/code_point_ranges.h"

namespace limner {
std::u32string decompose_compatibly(char32_t code_point) {
  if (code_point < 0x80) return {code_point};
  constexpr auto kOptions =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
  utf8proc_int32_t parts[18];
  int boundary = 0;
  const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code_point), parts,
                                             std::size(parts), kOptions, &boundary);
  LIMNER_CHECK(count >= 0 && count <= static_cast<int>(std::size(parts)),
               "a compatibility decomposition has at most 18 parts");
  return {parts, parts + count};
}

bool is_mark(char32_t code_point) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

bool is_default_ignorable(char32_t code_point) {
  constexpr CodePointRange kIgnorable[] = {
      {0x00AD, 0x00AD},   {0x034F, 0x034F},  {0x061C, 0x061C}, {0x115F, 0x1160}, {0x17B4, 0x17B5},
      {0x180B, 0x180F},   {0x200B, 0x200F},  {0x202A, 0x202E}, {0x2060, 0x206F}, {0x3164, 0x3164},
      {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},  {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFF8}, {0x1BCA0, 0x1BCA3},
      {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};
  return code_point >= 0xAD && contains(kIgnorable, code_point);
}

char32_t lower_letter(char32_t code_point) {
  if (code_point == 0x130) return U'i';
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point)));
}

bool is_written_without_spaces(char32_t code_point) {
  constexpr CodePointRange kScripts[] = {
      {0x0E01, 0x0E4E}, {0x0E81, 0x0EDF},   {0x1000, 0x109F},  {0x1780, 0x17D3}, {0x3005, 0x3007},
      {0x3041, 0x30FF}, {0x31F0, 0x31FF},   {0x3400, 0x4DBF},  {0x4E00, 0x9FFF}, {0xF900, 0xFAFF},
      {0xFF66, 0xFF9D}, {0x1B000, 0x1B16F}, {0x20000, 0x3FFFF}};
  return code_point >= 0xE01 && contains(kScripts, code_point);
}

}  // namespace limner
