// parse_policy_text: TOML to values. The only source here that sees the TOML library.

#include <fmt/format.h>
#include <toml++/toml.h>

#include "policy/policy_value.h"

namespace limner {
namespace {

// A dotted key makes a table for each of its parts, and freeing them recurses: one line of a megabyte of dots
// would run out of stack. Keys stand at the beginning of a line or inside braces, never in a text that
// began on a line before.
Result<void> check_dots(std::string_view text, const std::string& file) {
  uint32_t line = 1;
  int dots = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      dots = 0;
      quote = 0;
    } else if (quote == '"' && c == '\\') {
      ++i;
      if (i < text.size() && text[i] == '\n') --i;
    } else if (quote) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '.' && ++dots > 64) {
      return invalid("policy", fmt::format("more than 64 dots outside of quotes, in {}:{}", file, line));
    }
  }
  return {};
}

class Converter {
 public:
  explicit Converter(const std::string& file) : file_(std::make_shared<std::string>(file)) {}

  Result<PolicyValue> convert(const toml::node& node, std::string key, int depth) {
    PolicyValue out{file_, node.source().begin.line, std::move(key), {}};
    if (out.line == 0) out.line = 1;
    if (depth > kPolicyDepthMax)
      return invalid(out.key, fmt::format("is nested deeper than {}, in {}", kPolicyDepthMax, out.place()));
    if (const auto* table = node.as_table()) {
      PolicyValue::Table entries;
      for (const auto& [name, child] : *table) {
        std::string path =
            out.key.empty() ? std::string(name.str()) : out.key + "." + std::string(name.str());
        entries.emplace_back(std::string(name.str()), TRY(convert(child, std::move(path), depth + 1)));
      }
      out.value = std::move(entries);
    } else if (const auto* array = node.as_array()) {
      PolicyValue::List list;
      for (size_t i = 0; i < array->size(); ++i)
        list.push_back(TRY(convert(*array->get(i), fmt::format("{}[{}]", out.key, i), depth + 1)));
      out.value = std::move(list);
    } else if (const auto* text = node.as_string()) {
      out.value = text->get();
    } else if (const auto* integer = node.as_integer()) {
      out.value = integer->get();
    } else if (const auto* real = node.as_floating_point()) {
      out.value = real->get();
    } else if (const auto* flag = node.as_boolean()) {
      out.value = flag->get();
    } else {
      return invalid(out.key, fmt::format("is a date or a time, which nothing here takes, in {}; a text is "
                                          "written in quotes",
                                          out.place()));
    }
    return out;
  }

 private:
  std::shared_ptr<const std::string> file_;
};

}  // namespace

Result<PolicyValue> parse_policy_text(std::string_view text, const std::string& file) {
  if (text.size() > kPolicyBytesMax)
    return Error{Code::too_large, "policy",
                 fmt::format("{} has {} bytes; at most {} are allowed", file, text.size(), kPolicyBytesMax),
                 ""};
  TRY(check_dots(text, file));
  toml::table root;
  try {
    root = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return invalid("policy", fmt::format("is no TOML: {}, in {}:{}", error.description(), file,
                                         error.source().begin.line));
  }
  return Converter(file).convert(root, "", 0);
}

}  // namespace limner
