#include "cli/printable.h"

#include <fmt/format.h>

#include <algorithm>

namespace limner {
namespace {

// Bytes of the UTF-8 character that `text` begins with, 0 if it begins with none.
size_t character_size(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t size = byte(0) < 0x80 ? 1 : byte(0) < 0xc2 ? 0 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
  if (byte(0) > 0xf4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  return size;
}

bool steers_terminal(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]),
             last = static_cast<unsigned char>(character.back());
  if (character.size() == 1) return (first < 0x20 && first != '\n' && first != '\t') || first == 0x7f;
  return character.size() == 2 && first == 0xc2 && last < 0xa0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const size_t size = character_size(text);
    const std::string_view character = text.substr(0, std::max<size_t>(size, 1));
    if (size == 0 || steers_terminal(character))
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(character.back()));
    else
      shown += character;
    text.remove_prefix(character.size());
  }
  return shown;
}

std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace limner
