#pragma once
// How fast an error budget is used up, and when somebody should hear of it. Decisions only: no clock, no
// state. The multi-window, multi-burn-rate alerts of Google's SRE workbook, chapter 5, for a budget of 30
// days.

#include <array>
#include <cstdint>
#include <span>

namespace limner {

/// Events of a window of time.
struct EventCounts {
  uint64_t good = 0, bad = 0;

  uint64_t all() const { return good + bad; }
};

enum class BurnWindow { minutes_5, minutes_30, hours_1, hours_2, hours_6, days_1, days_3 };
inline constexpr size_t kBurnWindows = 7;

/// The length in minutes, and the name: "5m", "1h", "3d".
int window_minutes(BurnWindow window);
const char* window_name(BurnWindow window);

/// What a fast burn is worth. Ordered: page is the most urgent.
enum class AlertSeverity { none, ticket, page };
const char* severity_name(AlertSeverity severity);

/// Fires when the budget burns at least `factor` times as fast as it may, both over a long window (it
/// matters) and over a short one (it still goes on).
struct BurnRule {
  BurnWindow over, still;
  double factor;
  AlertSeverity severity;
};

inline constexpr BurnRule kBurnRules[] = {
    {BurnWindow::hours_1, BurnWindow::minutes_5, 14.4, AlertSeverity::page},  // 2 % of the budget in an hour
    {BurnWindow::hours_6, BurnWindow::minutes_30, 6, AlertSeverity::page},    // 5 % in six hours
    {BurnWindow::days_1, BurnWindow::hours_2, 3, AlertSeverity::ticket},      // 10 % in a day
    {BurnWindow::days_3, BurnWindow::hours_6, 1, AlertSeverity::ticket},      // 10 % in three days
};

/// The counts of every window, indexed by BurnWindow.
using WindowCounts = std::array<EventCounts, kBurnWindows>;

/// The share of bad events as a multiple of what `objective` (0.99: 99 % good) allows; 1 uses the budget up
/// just in time. 0 without events.
double burn_rate(EventCounts counts, double objective);

/// Whether `rule` fires. Never where its long window holds fewer than `events_min` events: with little
/// traffic a single failure would be a large share.
bool fires(const BurnRule& rule, const WindowCounts& counts, double objective, uint64_t events_min);

/// The most urgent severity of kBurnRules that fire.
AlertSeverity alert_of(const WindowCounts& counts, double objective, uint64_t events_min);

}  // namespace limner
