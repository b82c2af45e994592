#include "image/infotext.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace limner {
namespace {

constexpr size_t kTextBytesMax = 1 << 20, kFieldsMax = 1024, kFieldsOfSettings = 3;
constexpr std::string_view kNegative = "Negative prompt:", kSpaces = " \t\n\r\f\v";

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

// Python's \w, with all of UTF-8 beyond ASCII taken for letters.
bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         static_cast<signed char>(c) < 0;
}
bool is_name(char c) { return is_word(c) || c == ' ' || c == '-' || c == '/'; }

std::string quoted_json(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string quote(const std::string& value) {
  const bool plain = !value.empty() && value[0] != '"' && trim(value) == value &&
                     value.find_first_of(",:\n\r") == std::string::npos;
  return plain ? value : quoted_json(value);
}

std::string unquote(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  const Result<Json> json = parse_json(value, "infotext");
  return json && json->is_string() ? json->get<std::string>() : std::string(value);
}

// The end of `"(?:\\.|[^\\"])+"` at the start of `text`, or 0.
size_t quoted_end(std::string_view text) {
  if (!text.starts_with('"')) return 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i > 1 ? i + 1 : 0;
    }
  }
  return 0;
}

// Reads `\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)` off the front of `line`.
std::string take_value(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kSpaces), line.size()));
  size_t end = quoted_end(line);
  if (end == 0 || (end < line.size() && line[end] != ',')) end = std::min(line.find(','), line.size());
  std::string value = unquote(line.substr(0, end));
  line.remove_prefix(std::min(end + 1, line.size()));
  return value;
}

// Every `\s*(\w[\w \-/]+):value` of the line, as Python's findall finds them: what does not match is stepped
// over. A run of name characters without a colon behind it cannot hold a match that begins later, so it is
// stepped over whole.
std::vector<std::pair<std::string, std::string>> find_fields(std::string_view line) {
  std::vector<std::pair<std::string, std::string>> fields;
  while (!line.empty() && fields.size() <= kFieldsMax) {
    if (!is_word(line[0])) {
      line.remove_prefix(1);
      continue;
    }
    size_t end = 1;
    while (end < line.size() && is_name(line[end])) ++end;
    const std::string_view name = line.substr(0, end);
    line.remove_prefix(end);
    if (name.size() < 2 || !line.starts_with(':')) continue;
    line.remove_prefix(1);
    fields.emplace_back(name, take_value(line));
  }
  return fields;
}

void read_prompts(Infotext& read, std::string_view text) {
  std::string* prompt = &read.prompt;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = trim(text.substr(begin, end - begin));
    if (line.starts_with(kNegative)) {
      prompt = &read.negative;
      line = trim(line.substr(kNegative.size()));
    }
    if (!prompt->empty()) *prompt += '\n';
    *prompt += line;
    begin = end + 1;
  }
}

}  // namespace

std::string format_infotext(const Infotext& infotext) {
  std::string text = infotext.prompt;
  if (!infotext.negative.empty()) text += fmt::format("\n{} {}", kNegative, infotext.negative);
  std::string_view before = "\n";
  for (const auto& [name, value] : infotext.fields) {
    text += fmt::format("{}{}: {}", before, name, quote(value));
    before = ", ";
  }
  return std::string(trim(text));
}

Result<Infotext> parse_infotext(std::string_view text) {
  if (text.size() > kTextBytesMax)
    return Error{Code::too_large, "infotext",
                 fmt::format("{} bytes; at most {} are read", text.size(), kTextBytesMax), ""};
  text = trim(text);
  Infotext read;
  const size_t last = text.find_last_of('\n') + 1;  // npos + 1 is 0: one line only
  read.fields = find_fields(text.substr(last));
  if (read.fields.size() > kFieldsMax)
    return Error{Code::too_large, "infotext", fmt::format("more than {} fields", kFieldsMax), ""};
  if (read.fields.size() < kFieldsOfSettings)
    read.fields.clear();
  else if (last == 0)
    return read;
  else
    text = text.substr(0, last - 1);
  read_prompts(read, text);
  return read;
}

}  // namespace limner
