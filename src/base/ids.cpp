#include "base/ids.h"

#include <algorithm>
#include <cstdint>

#include "base/clock.h"
#include "base/crypto.h"

namespace limner {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford: no i, l, o, u
constexpr size_t kTimeDigits = 10, kRandomDigits = 16;

// `bits` in `count` digits of five bits each, the highest first.
void append_digits(std::string& text, uint64_t bits, size_t count) {
  for (size_t i = count; i-- > 0;) text += kDigits[(bits >> (5 * i)) & 31u];
}

}  // namespace

std::string new_id(std::string_view prefix) {
  const auto milliseconds = static_cast<uint64_t>(SystemClock().now()) / 1000;
  std::string id(prefix);
  id += '_';
  append_digits(id, milliseconds, kTimeDigits);
  const std::string random = random_bytes(kRandomDigits * 5 / 8);
  for (size_t half = 0; half < 2; ++half) {
    uint64_t bits = 0;
    for (size_t i = 0; i < 5; ++i) bits = bits << 8 | static_cast<unsigned char>(random[5 * half + i]);
    append_digits(id, bits, kRandomDigits / 2);
  }
  return id;
}

bool is_id(std::string_view text, std::string_view prefix) {
  if (text.size() != prefix.size() + 1 + kTimeDigits + kRandomDigits) return false;
  if (!text.starts_with(prefix) || text[prefix.size()] != '_') return false;
  const std::string_view digits = text.substr(prefix.size() + 1);
  // 26 digits hold 130 bits; the first two are not used.
  return digits[0] <= '7' &&
         std::ranges::all_of(digits, [](char c) { return kDigits.find(c) != kDigits.npos; });
}

}  // namespace limner
