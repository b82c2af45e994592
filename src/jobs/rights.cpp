#include "jobs/rights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace limner {
namespace {

struct HeldLimits {
  const char* whose;
  const Limits& limits;
};

std::array<HeldLimits, 2> limits_of(const Caller& caller) {
  return {HeldLimits{"key", caller.key.limits}, HeldLimits{"tenant", caller.tenant.limits}};
}

Error forbidden(const char* field, std::string message, std::string hint) {
  return Error{Code::forbidden, field, std::move(message), std::move(hint)};
}

bool lists(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

Result<void> check_model_allowed(const Caller& caller, const ModelEntry& entry) {
  for (const auto& [whose, limits] : limits_of(caller)) {
    const std::vector<std::string>& names = limits.models;
    if (names.empty() || lists(names, entry.name)) continue;
    if (std::ranges::any_of(entry.aliases, [&](const std::string& alias) { return lists(names, alias); }))
      continue;
    return forbidden("model", fmt::format("this {} may not draw with {}", whose, entry.name),
                     fmt::format("it may with {}", fmt::join(names, ", ")));
  }
  return {};
}

Result<void> check_tier_allowed(const Caller& caller, Tier tier) {
  for (const auto& [whose, limits] : limits_of(caller))
    if (!limits.tiers.empty() && !lists(limits.tiers, tier_name(tier)))
      return forbidden("tier", fmt::format("this {} may not use the {} tier", whose, tier_name(tier)),
                       fmt::format("it may use {}", fmt::join(limits.tiers, ", ")));
  return {};
}

Result<void> check_pixels_allowed(const Caller& caller, int64_t pixels) {
  for (const auto& [whose, limits] : limits_of(caller))
    if (limits.pixels_max && pixels > *limits.pixels_max)
      return forbidden(
          "size",
          fmt::format("{} pixels; this {} may draw {} in one picture", pixels, whose, *limits.pixels_max),
          "draw smaller");
  return {};
}

}  // namespace limner
