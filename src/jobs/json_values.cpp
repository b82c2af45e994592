#include "jobs/json_values.h"

#include <fmt/format.h>

#include <cmath>

#include "base/ids.h"
#include "jobs/plain_text.h"

namespace limner {

Result<std::string> read_text(const Json& value, const std::string& field, size_t bytes_max,
                              bool may_be_empty) {
  if (!value.is_string()) return invalid(field, fmt::format("{} is not a text", shown(value)));
  const std::string& text = value.get_ref<const std::string&>();
  if (text.empty() && !may_be_empty) return invalid(field, "is empty");
  if (text.size() > bytes_max)
    return invalid(field, fmt::format("{} bytes; at most {} are read", text.size(), bytes_max));
  if (!is_plain_text(text)) return invalid(field, "is not UTF-8 text without control characters");
  return text;
}

Result<int> read_whole(const Json& value, const std::string& field, int minimum, int maximum) {
  if (value.is_number()) {
    const double number = value.get<double>();
    if (number >= minimum && number <= maximum && number == std::trunc(number))
      return static_cast<int>(number);
  }
  return invalid(field,
                 fmt::format("{} is not a whole number from {} to {}", shown(value), minimum, maximum));
}

Result<double> read_number(const Json& value, const std::string& field, double minimum, double maximum) {
  if (value.is_number()) {
    const double number = value.get<double>();
    if (number >= minimum && number <= maximum) return number;
  }
  return invalid(field, fmt::format("{} is not a number from {} to {}", shown(value), minimum, maximum));
}

Result<bool> read_flag(const Json& value, const std::string& field) {
  if (value.is_boolean()) return value.get<bool>();
  return invalid(field, fmt::format("{} is neither true nor false", shown(value)));
}

Result<void> check_list(const Json& value, const std::string& field, size_t items_max) {
  if (!value.is_array()) return invalid(field, fmt::format("{} is not a list", shown(value)));
  if (value.size() <= items_max) return {};
  return invalid(field, fmt::format("{} items; at most {} are read", value.size(), items_max));
}

Result<std::string> read_picture_id(const Json& value, const std::string& field) {
  if (value.is_string()) {
    const std::string& id = value.get_ref<const std::string&>();
    if (is_id(id, "file") || is_id(id, "pic")) return id;
  }
  return invalid(field, fmt::format("{} is not the id of a picture", shown(value)),
                 "upload it first and name it by its id, \"file_...\"; a drawn one is \"pic_...\"");
}

}  // namespace limner
