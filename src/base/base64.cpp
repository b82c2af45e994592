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

std::string encode(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int held = 0;  // how many of the low bits of `bits` are still to be written
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (held += 8; held >= 6; held -= 6) text += alphabet[(bits >> (held - 6)) & 63u];
  }
  if (held > 0) text += alphabet[(bits << (6 - held)) & 63u];
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
