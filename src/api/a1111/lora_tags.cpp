#include "api/a1111/lora_tags.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace limner {
namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(at, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Error bad_tag(std::string_view tag, std::string_view why) {
  return invalid("prompt", fmt::format("<{}> {}", tag.substr(0, 100), why), "<lora:NAME:WEIGHT>");
}

Result<double> weight_of(std::string_view text, std::string_view tag) {
  double weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error != std::errc() || end != text.data() + text.size() || !(weight >= -100 && weight <= 100))
    return bad_tag(tag, "has no weight from -100 to 100");
  return weight;
}

Result<NamedWeight> read_tag(std::string_view tag) {
  const std::vector<std::string_view> parts = split(tag, ':');
  if (parts[0] != "lora") return bad_tag(tag, "is no LoRA; other networks are not taken");
  if (parts.size() < 2 || parts.size() > 4 || parts[1].empty()) return bad_tag(tag, "names no LoRA");
  NamedWeight lora{std::string(parts[1]), 1};
  if (parts.size() > 2) lora.weight = TRY(weight_of(parts[2], tag));
  if (parts.size() == 4) {
    const double text_weight = TRY(weight_of(parts[3], tag));
    if (text_weight != lora.weight) return bad_tag(tag, "weighs UNet and text encoder differently");
  }
  return lora;
}

// What A1111 takes for a tag: "<", a word, ":".
bool begins_tag(std::string_view rest) {
  const size_t colon = rest.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 20) return false;
  for (const char c : rest.substr(0, colon))
    if (!std::isalpha(static_cast<unsigned char>(c))) return false;
  return rest.find('>') != std::string_view::npos;
}

}  // namespace

Result<TaggedPrompt> take_lora_tags(const std::string& prompt) {
  TaggedPrompt tagged;
  std::string_view rest = prompt;
  while (!rest.empty()) {
    const size_t open = std::min(rest.find('<'), rest.size());
    tagged.text += rest.substr(0, open);
    rest.remove_prefix(open);
    if (rest.empty()) break;
    rest.remove_prefix(1);
    if (!begins_tag(rest)) {
      tagged.text += '<';
      continue;
    }
    const size_t close = rest.find('>');
    NamedWeight lora = TRY(read_tag(rest.substr(0, close)));
    tagged.loras.push_back(std::move(lora));
    rest.remove_prefix(close + 1);
  }
  return tagged;
}

}  // namespace limner
