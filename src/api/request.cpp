#include "api/request.h"

#include <fmt/format.h>

#include <algorithm>

namespace limner {

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

Result<void> Request::check_query(std::initializer_list<std::string_view> known) const {
  for (auto entry = query.begin(); entry != query.end(); ++entry) {
    if (std::ranges::find(known, entry->first) == known.end())
      return invalid(entry->first, known.size() == 0 ? std::string("no query parameters here")
                                                     : fmt::format("no such query parameter; there are: {}",
                                                                   fmt::join(known, ", ")));
    if (std::any_of(query.begin(), entry, [&](const auto& earlier) { return earlier.first == entry->first; }))
      return invalid(entry->first, "given more than once");
  }
  return {};
}

Result<Json> Request::json_object() const {
  if (body.empty()) return Json(Json::object());
  Json json = TRY(parse_json(body, "body"));
  if (!json.is_object()) return invalid("body", "a JSON object is wanted");
  return json;
}

}  // namespace limner
