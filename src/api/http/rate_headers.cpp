#include "api/http/rate_headers.h"

#include <fmt/format.h>

#include <cmath>

namespace limner {

std::string duration_text(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f}ms", std::ceil(seconds * 1000));
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{}s", whole / 60, whole % 60);
  return fmt::format("{}h{}m{}s", whole / 3600, whole / 60 % 60, whole % 60);
}

void add_rate_headers(const RateVerdict& key, const RateVerdict& tenant,
                      std::vector<std::pair<std::string, std::string>>& headers) {
  std::string policy, state;
  const RateVerdict* tighter = nullptr;
  const std::pair<const char*, const RateVerdict*> both[] = {{"key", &key}, {"tenant", &tenant}};
  for (const auto& [name, verdict] : both) {
    if (verdict->limit < 0) continue;
    const char* comma = policy.empty() ? "" : ", ";
    policy += fmt::format("{}\"{}\";q={};w=60", comma, name, verdict->limit);
    state += fmt::format("{}\"{}\";r={};t={:.0f}", comma, name, verdict->remaining,
                         std::ceil(verdict->reset_seconds));
    if (tighter == nullptr || verdict->remaining < tighter->remaining) tighter = verdict;
  }
  if (tighter == nullptr) return;
  headers.emplace_back("x-ratelimit-limit-requests", fmt::format("{}", tighter->limit));
  headers.emplace_back("x-ratelimit-remaining-requests", fmt::format("{}", tighter->remaining));
  headers.emplace_back("x-ratelimit-reset-requests", duration_text(tighter->reset_seconds));
  headers.emplace_back("RateLimit-Policy", std::move(policy));
  headers.emplace_back("RateLimit", std::move(state));
}

}  // namespace limner
