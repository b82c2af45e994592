#include "base/json.h"

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <vector>

namespace limner {
namespace {

// Depth and keys are bounded before the real parse: that parser destroys values recursively, and looks for
// every new key among all the others of its object. Text that is not JSON may pass here; the parse itself
// refuses it.
Result<void> check_bounds(std::string_view text, std::string_view field, const JsonLimits& limits) {
  std::vector<int> keys;  // of the objects we are inside of; arrays count none
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      keys.push_back(0);
      if (std::ssize(keys) > limits.depth_max)
        return invalid(std::string(field),
                       fmt::format("JSON nested deeper than {} levels", limits.depth_max));
    } else if ((c == '}' || c == ']') && !keys.empty()) {
      keys.pop_back();
    } else if (c == ':' && !keys.empty() && ++keys.back() > limits.keys_max) {
      return invalid(std::string(field), fmt::format("a JSON object of more than {} keys", limits.keys_max));
    }
  }
  return {};
}

// `text` with bare NaN, Infinity and -Infinity outside of strings as null.
std::string without_non_finite(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\' && i + 1 < text.size()) {
      out += c;
      out += text[++i];
      continue;
    }
    if (c == '"') in_string = !in_string;
    std::string_view found;
    if (!in_string)
      for (const std::string_view word : {"-Infinity", "Infinity", "NaN"})
        if (found.empty() && text.substr(i).starts_with(word)) found = word;
    if (found.empty()) {
      out += c;
    } else {
      out += "null";
      i += found.size() - 1;
    }
  }
  return out;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view field, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max)
    return invalid(std::string(field),
                   fmt::format("{} bytes of JSON; at most {} are read", text.size(), limits.bytes_max));
  TRY(check_bounds(text, field, limits));
  std::string replaced;
  if (limits.non_finite_as_null) text = replaced = without_non_finite(text);
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::exception& error) {
    return invalid(std::string(field), fmt::format("not valid JSON: {}", error.what()));
  }
}

}  // namespace limner
