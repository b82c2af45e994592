#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "base/check.h"
#include "text/code_point_ranges.h"

namespace limner {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// Letters and numbers of Unicode 16 that utf8proc 2.8 (Unicode 15) does not know yet.
constexpr CodePointRange kNewLetters[] = {
    {0x1C89, 0x1C8A},   {0xA7CB, 0xA7CD},   {0xA7DA, 0xA7DC},   {0x105C0, 0x105F3}, {0x10D4A, 0x10D65},
    {0x10D6F, 0x10D85}, {0x10EC2, 0x10EC4}, {0x11380, 0x11389}, {0x1138B, 0x1138B}, {0x1138E, 0x1138E},
    {0x11390, 0x113B5}, {0x113B7, 0x113B7}, {0x113D1, 0x113D1}, {0x113D3, 0x113D3}, {0x11BC0, 0x11BE0},
    {0x13460, 0x143FA}, {0x16100, 0x1611D}, {0x16D40, 0x16D6C}, {0x18CFF, 0x18CFF}, {0x1E5D0, 0x1E5ED},
    {0x1E5F0, 0x1E5F0}, {0x2EBF0, 0x2EE5D}};
constexpr CodePointRange kNewNumbers[] = {{0x10D40, 0x10D49}, {0x116D0, 0x116E3}, {0x11BF0, 0x11BF9},
                                          {0x16130, 0x16139}, {0x16D70, 0x16D79}, {0x1CCF0, 0x1CCF9},
                                          {0x1E5F1, 0x1E5FA}};

// Capitals of Unicode 16 and 17: `distance` is what the lower case lies above them.
struct LowerRange {
  char32_t first, last;
  int32_t distance;
};
constexpr LowerRange kNewCapitals[] = {{0x1C89, 0x1C89, 1},    {0xA7CB, 0xA7CB, 0x264 - 0xA7CB},
                                       {0xA7CC, 0xA7CC, 1},    {0xA7CE, 0xA7CE, 1},
                                       {0xA7D2, 0xA7D2, 1},    {0xA7D4, 0xA7D4, 1},
                                       {0xA7DA, 0xA7DA, 1},    {0xA7DC, 0xA7DC, 0x19B - 0xA7DC},
                                       {0x10D50, 0x10D65, 32}, {0x16EA0, 0x16EB8, 27}};

// Code points with a combining class, a decomposition or a composition since Unicode 9 (as of 15): the
// reference's composition does not know them, so to it they are inert.
constexpr CodePointRange kInert[] = {
    {0x07FD, 0x07FD},   {0x0898, 0x089F},   {0x08CA, 0x08D3},   {0x09FE, 0x09FE},   {0x0C3C, 0x0C3C},
    {0x0D3B, 0x0D3C},   {0x0EBA, 0x0EBA},   {0x1715, 0x1715},   {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},
    {0xA82C, 0xA82C},   {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50},
    {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E}, {0x11839, 0x1183A},
    {0x11930, 0x11930}, {0x11938, 0x11938}, {0x1193D, 0x1193E}, {0x11943, 0x11943}, {0x119E0, 0x119E0},
    {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42}, {0x11D44, 0x11D45},
    {0x11D97, 0x11D97}, {0x11F41, 0x11F42}, {0x16FF0, 0x16FF1}, {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136},
    {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}};

int combining_class(char32_t code_point) {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(code_point))->combining_class;
}

// How many continuation bytes follow `lead` and which values the first of them may take (RFC 3629 table 3-7).
struct Lead {
  int continuation_count;
  uint8_t first_min, first_max;
};
Lead classify_lead(uint8_t lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return {1, 0x80, 0xBF};
  if (lead == 0xE0) return {2, 0xA0, 0xBF};
  if (lead == 0xED) return {2, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {2, 0x80, 0xBF};
  if (lead == 0xF0) return {3, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {3, 0x80, 0xBF};
  if (lead == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

// Appends the canonical decomposition of `text`, in canonical order.
std::u32string decompose_canonically(std::u32string_view text) {
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t code_point : text) {
    utf8proc_int32_t parts[8];
    int boundary = 0;
    const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code_point), parts,
                                               std::size(parts), kOptions, &boundary);
    LIMNER_CHECK(count >= 0 && count <= static_cast<int>(std::size(parts)),
                 "a canonical decomposition has at most 4 parts");
    out.insert(out.end(), parts, parts + count);
  }
  // utf8proc's own ordering swaps neighbours, quadratic for a long run of marks.
  for (auto it = out.begin(); it != out.end();) {
    const auto first = std::find_if(it, out.end(), [](char32_t c) { return combining_class(c) != 0; });
    it = std::find_if(first, out.end(), [](char32_t c) { return combining_class(c) == 0; });
    std::stable_sort(first, it,
                     [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
  }
  return out;
}

// Appends NFC of `text`, none of which is inert.
void append_composed(std::u32string_view text, std::u32string& out) {
  std::u32string decomposed = decompose_canonically(text);
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  static_assert(sizeof(char32_t) == sizeof(utf8proc_int32_t));
  const auto size = utf8proc_normalize_utf32(reinterpret_cast<utf8proc_int32_t*>(decomposed.data()),
                                             static_cast<utf8proc_ssize_t>(decomposed.size()), kOptions);
  LIMNER_CHECK(size >= 0, "composition fails on no sequence of code points");
  out.append(decomposed, 0, static_cast<size_t>(size));
}

}  // namespace

std::u32string decode_utf8(std::string_view utf8) {
  std::u32string out;
  out.reserve(utf8.size());
  for (size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<uint8_t>(utf8[i++]);
    if (lead < 0x80) {
      out.push_back(lead);
      continue;
    }
    auto [left, low, high] = classify_lead(lead);
    char32_t code_point = left == 0 ? kReplacement : lead & (0x3F >> left);
    for (; left > 0; --left) {
      const auto next = i < utf8.size() ? static_cast<uint8_t>(utf8[i]) : uint8_t{0};
      if (next < low || next > high) {
        code_point = kReplacement;
        break;
      }
      code_point = code_point << 6 | (next & 0x3F);
      low = 0x80, high = 0xBF;
      ++i;
    }
    out.push_back(code_point);
  }
  return out;
}

void append_utf8(char32_t code_point, std::string& out) {
  utf8proc_uint8_t bytes[4];
  const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
}

std::string encode_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t code_point : text) append_utf8(code_point, out);
  return out;
}

bool is_letter(char32_t code_point) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
         contains(kNewLetters, code_point);
}

bool is_number(char32_t code_point) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) ||
         contains(kNewNumbers, code_point);
}

bool is_space(char32_t code_point) {
  constexpr CodePointRange kSpaces[] = {
      {0x09, 0x0D},     {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
      {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
  return contains(kSpaces, code_point);
}

std::u32string lower_case(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t code_point : text) {
    if (code_point == 0x130) {
      out += U"i\u0307";
    } else if (const auto* capitals = find_range<LowerRange>(kNewCapitals, code_point)) {
      out.push_back(code_point + static_cast<char32_t>(capitals->distance));
    } else {
      out.push_back(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point))));
    }
  }
  return out;
}

std::u32string compose_canonically(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  // To the reference an inert code point is a starter that combines with nothing, so its neighbours never
  // meet.
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = begin;
    while (end < text.size() && !contains(kInert, text[end])) ++end;
    append_composed(text.substr(begin, end - begin), out);
    if (end < text.size()) out.push_back(text[end]);
    begin = end + 1;
  }
  return out;
}

}  // namespace limner
