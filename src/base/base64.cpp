// RFC 4648 base 64, declared in base/crypto.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/crypto.h"

namespace limner {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr uint8_t kSpace = 64, kPadding = 65, kForeign = 66;

// What each character stands for: six bits, or one of the three above.
constexpr std::array<uint8_t, 256> kMeaning = [] {
  std::array<uint8_t, 256> meaning{};
  meaning.fill(kForeign);
  for (size_t i = 0; i < 64; ++i) {
    meaning[static_cast<unsigned char>(kStandard[i])] = static_cast<uint8_t>(i);
    meaning[static_cast<unsigned char>(kUrlSafe[i])] = static_cast<uint8_t>(i);
  }
  for (const char c : {' ', '\t', '\r', '\n'}) meaning[static_cast<unsigned char>(c)] = kSpace;
  meaning['='] = kPadding;
  return meaning;
}();

// Without padding.
std::string encode(std::string_view bytes, std::string_view alphabet) {
  std::string text((bytes.size() * 4 + 2) / 3, '\0');
  char* out = text.data();
  const auto byte = [&](size_t at) { return uint32_t{static_cast<unsigned char>(bytes[at])}; };
  const auto put = [&](uint32_t bits, int digits) {
    for (int shift = 18; digits-- > 0; shift -= 6) *out++ = alphabet[(bits >> shift) & 63u];
  };
  size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3) put(byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2), 4);
  if (bytes.size() - at == 2) put(byte(at) << 16 | byte(at + 1) << 8, 3);
  if (bytes.size() - at == 1) put(byte(at) << 16, 2);
  return text;
}

Error too_many_bytes(std::string_view field, size_t bytes_max) {
  return Error{Code::too_large, std::string(field),
               fmt::format("the base64 holds more than the {} bytes allowed", bytes_max)};
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text = encode(bytes, kStandard);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::string to_base64url(std::string_view bytes) { return encode(bytes, kUrlSafe); }

Result<std::string> from_base64(std::string_view text, std::string_view field, size_t bytes_max) {
  std::string bytes;
  bytes.reserve(std::min(text.size() / 4 * 3 + 3, bytes_max));
  uint32_t bits = 0;
  int held = 0;
  size_t symbols = 0, padding = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const uint8_t meaning = kMeaning[static_cast<unsigned char>(text[i])];
    if (meaning == kSpace) continue;
    if (meaning == kPadding) {
      ++padding;
      continue;
    }
    if (meaning == kForeign || padding > 0)
      return invalid(std::string(field),
                     fmt::format("byte {} (0x{:02x}) does not belong into base64 at that place", i,
                                 static_cast<unsigned char>(text[i])));
    ++symbols;
    bits = bits << 6 | meaning;
    held += 6;
    if (held < 8) continue;
    if (bytes.size() == bytes_max) return too_many_bytes(field, bytes_max);
    held -= 8;
    bytes += static_cast<char>(bits >> held & 255u);
  }
  if (symbols % 4 == 1 || (padding > 0 && padding != (4 - symbols % 4) % 4))
    return invalid(std::string(field),
                   fmt::format("{} characters and {} of padding are not whole base64", symbols, padding));
  // One text for one string of bytes: what is signed or compared must not come in several spellings.
  if ((bits & ((1u << held) - 1)) != 0)
    return invalid(std::string(field), "the last character of the base64 holds bits of no byte");
  return bytes;
}

}  // namespace limner
