#include "cli/limit_flags.h"

#include <fmt/format.h>

#include <charconv>

#include "meter/prices.h"

namespace limner {
namespace {

enum class Kind { count, money, names };

struct LimitFlag {
  const char* flag;
  const char* limit;  ///< limits_to_json()
  Kind kind;
  const char* doc;
};
constexpr LimitFlag kFlags[] = {
    {"--requests-per-minute", "requests_per_minute", Kind::count, "Requests a minute"},
    {"--concurrent-jobs", "concurrent_jobs", Kind::count, "Jobs that have not ended"},
    {"--pictures-per-day", "pictures_per_day", Kind::count, "Pictures a UTC day"},
    {"--budget", "budget_micros", Kind::money, "Money a UTC month, such as 12.50; it is never exceeded"},
    {"--pixels-max", "pixels_max", Kind::count, "Width times height of a picture"},
    {"--models", "models", Kind::names, "Models that may be used, such as a,b"},
    {"--tiers", "tiers", Kind::names, "Tiers that may be used, of realtime,standard,batch"}};

Result<Json> count_value(const std::string& text, const char* flag) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid(flag, fmt::format("'{}' is not a whole number", text), "none takes the limit away");
  return Json(number);
}

Json names_value(const std::string& text) {
  Json names = Json::array();
  for (const std::string& name : CLI::detail::split(text, ',')) names.push_back(name);
  return names;
}

Result<Json> value_of(const LimitFlag& flag, const std::string& text) {
  if (flag.kind == Kind::count) return count_value(text, flag.flag);
  if (flag.kind == Kind::names) return names_value(text);
  const int64_t micros = TRY(parse_money(text, flag.flag));
  return Json(micros);
}

}  // namespace

void LimitFlags::add_to(CLI::App& command) {
  for (const LimitFlag& flag : kFlags)
    command.add_option(flag.flag, said_[flag.flag], fmt::format("{}; none: no limit", flag.doc));
}

Result<Limits> LimitFlags::apply(const Limits& limits) const {
  Json json = limits_to_json(limits);
  for (const LimitFlag& flag : kFlags) {
    const std::string& text = said_.at(flag.flag);
    if (text.empty()) continue;
    if (text == "none") {
      json.erase(flag.limit);
      continue;
    }
    Json value = TRY(value_of(flag, text));
    json[flag.limit] = std::move(value);
  }
  return limits_from_json(json, "limits");
}

}  // namespace limner
