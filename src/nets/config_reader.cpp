#include "nets/config_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace limner {
namespace {

// Values are shown to people: a hostile one must not fill the screen.
std::string shown(const Json& value) {
  constexpr size_t kShownMax = 80;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kShownMax) text = text.substr(0, kShownMax) + "...";
  return text;
}

bool contains(std::initializer_list<std::string_view> allowed, const std::string& text) {
  return std::find(allowed.begin(), allowed.end(), text) != allowed.end();
}

}  // namespace

Result<ConfigReader> ConfigReader::open(const Json& json, std::string_view field) {
  if (!json.is_object()) return invalid(std::string(field), "the file holds no JSON object");
  return ConfigReader(json, field);
}

const Json* ConfigReader::find(std::string_view key) const {
  const auto place = json_->find(key);
  return place == json_->end() || place->is_null() ? nullptr : &*place;
}

bool ConfigReader::is_null(std::string_view key) const {
  const auto place = json_->find(key);
  return place != json_->end() && place->is_null();
}

bool ConfigReader::is_list(std::string_view key) const {
  const Json* value = find(key);
  return value && value->is_array();
}

const Json* ConfigReader::raw(std::string_view key) {
  read_.emplace(key);
  return find(key);
}

Error ConfigReader::wrong(std::string_view key, std::string message) const {
  return invalid(fmt::format("{}: {}", field_, key), std::move(message));
}

Error ConfigReader::lacking(std::string_view key, std::string message) const {
  return unsupported(fmt::format("{}: {}", field_, key), std::move(message));
}

Result<int64_t> ConfigReader::as_integer(std::string_view key, const Json& value, IntRange range) const {
  // Some writers store whole numbers as 8.0.
  const bool whole = value.is_number_float() && std::abs(value.get<double>()) < 9e15 &&
                     std::trunc(value.get<double>()) == value.get<double>();
  if (!value.is_number_integer() && !whole)
    return wrong(key, fmt::format("{} is not an integer", shown(value)));
  const bool huge = value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  const int64_t number = huge    ? INT64_MAX
                         : whole ? static_cast<int64_t>(value.get<double>())
                                 : value.get<int64_t>();
  if (number < range.min || number > range.max)
    return wrong(key, fmt::format("{} is not between {} and {}", shown(value), range.min, range.max));
  return number;
}

Result<int64_t> ConfigReader::integer(std::string_view key, int64_t fallback, IntRange range) {
  const Json* value = raw(key);
  if (!value) return fallback;
  return as_integer(key, *value, range);
}

Result<int64_t> ConfigReader::optional_integer(std::string_view key, IntRange range) {
  return integer(key, 0, range);
}

Result<std::vector<int64_t>> ConfigReader::integers(std::string_view key, int64_t fallback, size_t count,
                                                    IntRange range) {
  if (!is_list(key)) return std::vector<int64_t>(count, TRY(integer(key, fallback, range)));
  std::vector<int64_t> list = TRY(integer_list(key, {}, count, range));
  if (list.size() != count)
    return wrong(key, fmt::format("{} values; one a level is {}", list.size(), count));
  return list;
}

Result<std::vector<int64_t>> ConfigReader::integer_list(std::string_view key, std::vector<int64_t> fallback,
                                                        size_t count_max, IntRange range) {
  const Json* value = raw(key);
  if (!value) return fallback;
  if (!value->is_array() || value->empty() || value->size() > count_max)
    return wrong(key, fmt::format("{} is not a list of 1 to {} integers", shown(*value), count_max));
  std::vector<int64_t> list;
  for (const Json& item : *value) list.push_back(TRY(as_integer(key, item, range)));
  return list;
}

Result<int64_t> ConfigReader::extent(std::string_view key) {
  constexpr IntRange kExtent{1, 1 << 16};
  if (!is_list(key)) return optional_integer(key, kExtent);
  return TRY(integer_list(key, {}, 2, kExtent)).front();
}

Result<double> ConfigReader::number(std::string_view key, double fallback, double min, double max) {
  const Json* value = raw(key);
  if (!value) return fallback;
  if (!value->is_number()) return wrong(key, fmt::format("{} is not a number", shown(*value)));
  const double number = value->get<double>();
  if (!(number >= min && number <= max))
    return wrong(key, fmt::format("{} is not between {} and {}", shown(*value), min, max));
  return number;
}

Result<std::vector<float>> ConfigReader::numbers(std::string_view key, size_t count) {
  const Json* value = raw(key);
  std::vector<float> list;
  if (!value) return list;
  if (!value->is_array() || value->size() != count)
    return wrong(key, fmt::format("{} is not a list of {} numbers", shown(*value), count));
  for (const Json& item : *value) {
    const double number = item.is_number() ? item.get<double>() : NAN;
    if (!std::isfinite(static_cast<float>(number)))
      return wrong(key, fmt::format("{} is not a finite number", shown(item)));
    list.push_back(static_cast<float>(number));
  }
  return list;
}

Result<bool> ConfigReader::flag(std::string_view key, bool fallback) {
  const Json* value = raw(key);
  if (!value) return fallback;
  if (!value->is_boolean()) return wrong(key, fmt::format("{} is neither true nor false", shown(*value)));
  return value->get<bool>();
}

Result<std::vector<bool>> ConfigReader::flags(std::string_view key, bool fallback, size_t count) {
  if (!is_list(key)) return std::vector<bool>(count, TRY(flag(key, fallback)));
  const Json& list = *raw(key);
  if (list.size() != count)
    return wrong(key, fmt::format("{} values; one a level is {}", list.size(), count));
  std::vector<bool> flags;
  for (const Json& item : list) {
    if (!item.is_boolean()) return wrong(key, fmt::format("{} is neither true nor false", shown(item)));
    flags.push_back(item.get<bool>());
  }
  return flags;
}

Result<std::string> ConfigReader::choice(std::string_view key, std::string_view fallback,
                                         std::initializer_list<std::string_view> allowed) {
  const Json* value = raw(key);
  if (!value) return std::string(fallback);
  if (!value->is_string() || !contains(allowed, value->get<std::string>()))
    return lacking(
        key, fmt::format("{} is not supported; supported: {}", shown(*value), fmt::join(allowed, ", ")));
  return value->get<std::string>();
}

Result<std::vector<std::string>> ConfigReader::choices(std::string_view key,
                                                       std::vector<std::string> fallback, size_t count_max,
                                                       std::initializer_list<std::string_view> allowed) {
  const Json* value = raw(key);
  if (!value) return fallback;
  if (!value->is_array() || value->empty() || value->size() > count_max)
    return wrong(key, fmt::format("{} is not a list of 1 to {} names", shown(*value), count_max));
  std::vector<std::string> list;
  for (const Json& item : *value) {
    if (!item.is_string() || !contains(allowed, item.get<std::string>()))
      return lacking(
          key, fmt::format("{} is not supported; supported: {}", shown(item), fmt::join(allowed, ", ")));
    list.push_back(item.get<std::string>());
  }
  return list;
}

Result<void> ConfigReader::only(std::string_view key, const Json& value) {
  const Json* found = raw(key);
  if (found && *found != value)
    return lacking(key, fmt::format("{} is not supported; supported: {}", shown(*found), shown(value)));
  return {};
}

void ConfigReader::no_effect(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) read_.emplace(key);
}

Result<void> ConfigReader::finish() const {
  for (const auto& [key, value] : json_->items()) {
    const bool silent = value.is_null() || (value.is_boolean() && !value.get<bool>()) || key.starts_with('_');
    if (!silent && !read_.contains(key))
      return lacking(key, fmt::format("this setting (here {}) is not known", shown(value)));
  }
  return {};
}

}  // namespace limner
