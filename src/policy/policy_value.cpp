#include "policy/policy_value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace limner {
namespace {

std::string shown(const PolicyValue& value) {
  constexpr size_t kShown = 60;
  struct Show {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const std::string& text) const {
      return text.size() <= kShown ? fmt::format("\"{}\"", text)
                                   : fmt::format("\"{}...\"", text.substr(0, kShown));
    }
    std::string operator()(const PolicyValue::List& list) const {
      return fmt::format("a list of {}", list.size());
    }
    std::string operator()(const PolicyValue::Table&) const { return "a table"; }
  };
  return std::visit(Show{}, value.value);
}

bool is_name_character(char c) { return c >= 0x20 && c <= 0x7E && c != '"' && c != '\\'; }

}  // namespace

const PolicyValue* PolicyValue::find(std::string_view name) const {
  if (const Table* entries = table())
    for (const auto& [key_here, entry] : *entries)
      if (key_here == name) return &entry;
  return nullptr;
}

std::string PolicyValue::place() const { return fmt::format("{}:{}", *file, line); }

Error PolicyValue::error(std::string_view why) const {
  return invalid(key.empty() ? "policy" : key, fmt::format("{} {}, in {}", shown(*this), why, place()));
}

Result<PolicyTable> PolicyTable::of(const PolicyValue& value) {
  if (!value.table()) return value.error("is no table");
  return PolicyTable(value);
}

const PolicyValue* PolicyTable::optional(std::string_view key) {
  asked_.emplace_back(key);
  return value_->find(key);
}

Result<const PolicyValue*> PolicyTable::required(std::string_view key) {
  if (const PolicyValue* found = optional(key)) return found;
  const std::string name = value_->key.empty() ? std::string(key) : fmt::format("{}.{}", value_->key, key);
  return invalid(name, fmt::format("is missing, in {}", value_->place()));
}

Result<void> PolicyTable::finish() const {
  for (const auto& [key, entry] : *value_->table())
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end())
      return invalid(entry.key, fmt::format("is unknown, in {}; known here: {}", entry.place(),
                                            fmt::join(asked_, ", ")));
  return {};
}

Result<std::string> name_of(const PolicyValue& value) {
  constexpr size_t kNameMax = 64;
  const auto* text = std::get_if<std::string>(&value.value);
  if (!text || text->empty() || text->size() > kNameMax ||
      !std::all_of(text->begin(), text->end(), is_name_character))
    return value.error(fmt::format("is no name of 1 to {} printable ASCII characters", kNameMax));
  return *text;
}

Result<std::string> text_of(const PolicyValue& value, size_t bytes_max) {
  const auto* text = std::get_if<std::string>(&value.value);
  if (!text || text->empty() || text->size() > bytes_max)
    return value.error(fmt::format("is no text of 1 to {} bytes", bytes_max));
  return *text;
}

Result<double> number_of(const PolicyValue& value, double least, double most) {
  const auto* whole = std::get_if<int64_t>(&value.value);
  const auto* real = std::get_if<double>(&value.value);
  const double number = whole ? static_cast<double>(*whole) : real ? *real : least - 1;
  if (!(number >= least && number <= most))
    return value.error(fmt::format("is no number from {} to {}", least, most));
  return number;
}

Result<bool> flag_of(const PolicyValue& value) {
  if (const auto* flag = std::get_if<bool>(&value.value)) return *flag;
  return value.error("is neither true nor false");
}

Result<const PolicyValue::List*> list_of(const PolicyValue& value, size_t least, size_t most) {
  const auto* list = std::get_if<PolicyValue::List>(&value.value);
  if (!list || list->size() < least || list->size() > most)
    return value.error(fmt::format("is no list of {} to {}", least, most));
  return list;
}

Result<std::string> word_of(const PolicyValue& value, const std::vector<std::string_view>& words) {
  const auto* text = std::get_if<std::string>(&value.value);
  if (text && std::find(words.begin(), words.end(), *text) != words.end()) return *text;
  return value.error(fmt::format("is none of {}", fmt::join(words, ", ")));
}

}  // namespace limner
