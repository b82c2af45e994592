#include "api/query_values.h"

#include <fmt/format.h>

#include <charconv>

#include "api/time_text.h"

namespace limner {

std::optional<uint64_t> whole_number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<int64_t> query_whole(const Request& request, std::string_view name, int64_t fallback, int64_t minimum,
                            int64_t maximum) {
  const std::optional<std::string> text = request.query_value(name);
  if (!text) return fallback;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < minimum || value > maximum)
    return invalid(std::string(name),
                   fmt::format("a whole number from {} to {} is wanted", minimum, maximum));
  return value;
}

Result<TimeUs> query_time(const Request& request, std::string_view name) {
  const std::optional<std::string> text = request.query_value(name);
  if (!text) return TimeUs(0);
  return parse_time(*text, name);
}

}  // namespace limner
