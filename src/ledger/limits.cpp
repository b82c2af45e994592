// Limits as JSON. Absent and null mean that nothing is limited.

#include <fmt/format.h>

#include <limits>

#include "ledger/jobs.h"
#include "ledger/tenants.h"

namespace limner {
namespace {

constexpr size_t kNamesMax = 256;
constexpr size_t kNameBytesMax = 256;

template <class T>
void put(Json& json, const char* name, const std::optional<T>& value) {
  if (value) json[name] = *value;
}

template <class T>
Result<std::optional<T>> read_count(const Json& value, const std::string& field) {
  if (value.is_null()) return std::optional<T>();
  const bool whole = value.is_number_unsigned() || (value.is_number_integer() && value.get<int64_t>() >= 0);
  const bool fits = whole && value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<T>::max());
  if (!fits)
    return invalid(field, fmt::format("must be a whole number from 0 to {}", std::numeric_limits<T>::max()),
                   "null takes the limit away");
  return std::optional<T>(value.get<T>());
}

Result<std::vector<std::string>> read_names(const Json& value, const std::string& field) {
  std::vector<std::string> names;
  if (value.is_null()) return names;
  if (!value.is_array() || value.size() > kNamesMax)
    return invalid(field, fmt::format("must be a list of at most {} names", kNamesMax));
  for (const Json& name : value) {
    if (!name.is_string() || name.get_ref<const std::string&>().size() > kNameBytesMax)
      return invalid(field, fmt::format("must hold names of at most {} bytes", kNameBytesMax));
    names.push_back(name.get<std::string>());
  }
  return names;
}

Result<void> read_limit(Limits& limits, const std::string& name, const Json& value,
                        const std::string& field) {
  if (name == "requests_per_minute")
    limits.requests_per_minute = TRY(read_count<int>(value, field));
  else if (name == "concurrent_jobs")
    limits.concurrent_jobs = TRY(read_count<int>(value, field));
  else if (name == "pictures_per_day")
    limits.pictures_per_day = TRY(read_count<int>(value, field));
  else if (name == "budget_micros")
    limits.budget_micros = TRY(read_count<int64_t>(value, field));
  else if (name == "pixels_max")
    limits.pixels_max = TRY(read_count<int64_t>(value, field));
  else if (name == "models")
    limits.models = TRY(read_names(value, field));
  else if (name == "tiers")
    limits.tiers = TRY(read_names(value, field));
  else
    return invalid(field, "is not a limit",
                   "there are requests_per_minute, concurrent_jobs, pictures_per_day, budget_micros, "
                   "pixels_max, models, tiers");
  return {};
}

}  // namespace

Json limits_to_json(const Limits& limits) {
  Json json = Json::object();
  put(json, "requests_per_minute", limits.requests_per_minute);
  put(json, "concurrent_jobs", limits.concurrent_jobs);
  put(json, "pictures_per_day", limits.pictures_per_day);
  put(json, "budget_micros", limits.budget_micros);
  put(json, "pixels_max", limits.pixels_max);
  if (!limits.models.empty()) json["models"] = limits.models;
  if (!limits.tiers.empty()) json["tiers"] = limits.tiers;
  return json;
}

Result<Limits> limits_from_json(const Json& json, std::string_view field) {
  Limits limits;
  if (!json.is_object()) return invalid(std::string(field), "must be an object of limits");
  for (const auto& [name, value] : json.items())
    TRY(read_limit(limits, name, value, fmt::format("{}.{}", field, name.substr(0, 40))));
  for (const std::string& tier : limits.tiers)
    if (!tier_from_name(tier))
      return invalid(fmt::format("{}.tiers", field),
                     fmt::format("'{}' is not one of realtime, standard, batch", tier.substr(0, 40)));
  return limits;
}

}  // namespace limner
