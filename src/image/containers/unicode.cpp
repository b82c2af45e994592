#include "image/containers/unicode.h"

#include <cstdint>

#include "image/containers/byte_reader.h"

namespace limner {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_surrogate(char32_t c) { return c >= 0xD800 && c < 0xE000; }

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

// The code point at `at`, and `at` moved behind it; U+FFFFFFFF and `at` unmoved where there is none (Unicode
// 15, 3.9 D92).
constexpr char32_t kMalformed = 0xFFFFFFFF;
char32_t next_code_point(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return ++at, lead;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return kMalformed;
  char32_t c = lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return kMalformed;
    c = c << 6 | (byte(i) & 0x3F);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (c < kSmallest[length] || c > 0x10FFFF || is_surrogate(c)) return kMalformed;
  at += length;
  return c;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();)
    if (next_code_point(text, at) == kMalformed) return false;
  return true;
}

std::vector<std::byte> utf16_be_from_utf8(std::string_view text) {
  ByteWriter out;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c == kMalformed) break;
    if (c < 0x10000) {
      out.u16_be(static_cast<uint16_t>(c));
    } else {
      out.u16_be(static_cast<uint16_t>(0xD800 + ((c - 0x10000) >> 10)));
      out.u16_be(static_cast<uint16_t>(0xDC00 + ((c - 0x10000) & 0x3FF)));
    }
  }
  return out.take();
}

std::string utf8_from_utf16(std::span<const std::byte> text, bool big_endian) {
  ByteReader in(text);
  if (in.next_is("\xFE\xFF") || in.next_is("\xFF\xFE")) big_endian = in.u8() == 0xFE, in.skip(1);
  std::string out;
  char32_t high = 0;  // a high surrogate waiting for its other half
  while (in.left() >= 2) {
    const char32_t unit = big_endian ? in.u16_be() : in.u16_le();
    const bool low = unit >= 0xDC00 && unit < 0xE000;
    if (high && low) {
      append_utf8(out, 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
      high = 0;
      continue;
    }
    if (high) append_utf8(out, kReplacement);
    high = is_surrogate(unit) && !low ? unit : 0;
    if (!high) append_utf8(out, low ? kReplacement : unit);
  }
  if (high) append_utf8(out, kReplacement);
  return out;
}

std::string utf8_from_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) append_utf8(out, static_cast<unsigned char>(c));
  return out;
}

}  // namespace limner
