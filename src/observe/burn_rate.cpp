#include "observe/burn_rate.h"

#include <algorithm>

namespace limner {
namespace {

struct WindowRow {
  int minutes;
  const char* name;
};

constexpr WindowRow kWindows[kBurnWindows] = {{5, "5m"},   {30, "30m"},     {60, "1h"},         {120, "2h"},
                                              {360, "6h"}, {24 * 60, "1d"}, {3 * 24 * 60, "3d"}};

}  // namespace

int window_minutes(BurnWindow window) { return kWindows[static_cast<size_t>(window)].minutes; }
const char* window_name(BurnWindow window) { return kWindows[static_cast<size_t>(window)].name; }

const char* severity_name(AlertSeverity severity) {
  switch (severity) {
    case AlertSeverity::none:
      return "none";
    case AlertSeverity::ticket:
      return "ticket";
    case AlertSeverity::page:
      return "page";
  }
  return "none";
}

double burn_rate(EventCounts counts, double objective) {
  if (counts.all() == 0) return 0;
  return static_cast<double>(counts.bad) / static_cast<double>(counts.all()) / (1 - objective);
}

bool fires(const BurnRule& rule, const WindowCounts& counts, double objective, uint64_t events_min) {
  const EventCounts over = counts[static_cast<size_t>(rule.over)];
  const EventCounts still = counts[static_cast<size_t>(rule.still)];
  return over.all() >= events_min && burn_rate(over, objective) >= rule.factor &&
         burn_rate(still, objective) >= rule.factor;
}

AlertSeverity alert_of(const WindowCounts& counts, double objective, uint64_t events_min) {
  AlertSeverity most = AlertSeverity::none;
  for (const BurnRule& rule : kBurnRules)
    if (fires(rule, counts, objective, events_min)) most = std::max(most, rule.severity);
  return most;
}

}  // namespace limner
