#include "observe/slo.h"

#include <algorithm>

#include "base/check.h"

namespace limner {
namespace {

constexpr TimeUs kMinuteUs = 60 * kSecondUs;
constexpr size_t kMinutesKept = 3 * 24 * 60;

size_t slot_of(int64_t minute) { return static_cast<size_t>(minute) % kMinutesKept; }

}  // namespace

MinuteCounts::MinuteCounts() : ring_(kMinutesKept) {}

void MinuteCounts::add(bool good, TimeUs when) {
  const int64_t number = std::max<TimeUs>(when, 0) / kMinuteUs;
  Minute& minute = ring_[slot_of(number)];
  if (minute.number > number) return;
  if (minute.number < number) minute = {number, {}};
  ++(good ? minute.counts.good : minute.counts.bad);
}

EventCounts MinuteCounts::over(TimeUs now, int minutes) const {
  const int64_t last = std::max<TimeUs>(now, 0) / kMinuteUs;
  EventCounts sum;
  for (int64_t number = std::max<int64_t>(0, last - minutes + 1); number <= last; ++number) {
    const Minute& minute = ring_[slot_of(number)];
    if (minute.number != number) continue;
    sum.good += minute.counts.good;
    sum.bad += minute.counts.bad;
  }
  return sum;
}

SloTracker::SloTracker(std::vector<SloObjective> objectives, uint64_t events_min) : events_min_(events_min) {
  for (SloObjective& objective : objectives) {
    LIMNER_CHECK(objective.objective > 0 && objective.objective < 1, "an objective leaves room for failures");
    tracked_.push_back({std::move(objective), {}});
  }
}

void SloTracker::record(std::string_view name, bool good, TimeUs when) {
  const std::lock_guard lock(mutex_);
  for (Tracked& tracked : tracked_)
    if (tracked.objective.name == name) tracked.counts.add(good, when);
}

WindowCounts SloTracker::windows_of(const Tracked& tracked, TimeUs now) {
  WindowCounts counts;
  for (size_t i = 0; i < kBurnWindows; ++i)
    counts[i] = tracked.counts.over(now, window_minutes(static_cast<BurnWindow>(i)));
  return counts;
}

void SloTracker::publish(Metrics& metrics, const Clock& clock) {
  MetricFamily<Gauge>& rates = metrics.gauge(
      "limner_slo_burn_rate", "How many times too fast the error budget is used.", {"slo", "window"});
  MetricFamily<Gauge>& alerts = metrics.gauge(
      "limner_slo_alert", "1 for the most urgent burn-rate rule that fires.", {"slo", "severity"});
  metrics.before_scrape([this, &rates, &alerts, &clock] {
    const TimeUs now = clock.now();
    const std::lock_guard lock(mutex_);
    for (const Tracked& tracked : tracked_) {
      const auto& [name, objective] = tracked.objective;
      const WindowCounts counts = windows_of(tracked, now);
      for (size_t i = 0; i < kBurnWindows; ++i)
        rates.with({name, window_name(static_cast<BurnWindow>(i))}).set(burn_rate(counts[i], objective));
      const AlertSeverity alert = alert_of(counts, objective, events_min_);
      for (const AlertSeverity severity : {AlertSeverity::ticket, AlertSeverity::page})
        alerts.with({name, severity_name(severity)}).set(alert == severity);
    }
  });
}

Json SloTracker::report_of(const Tracked& tracked, TimeUs now) const {
  const auto& [name, objective] = tracked.objective;
  const WindowCounts counts = windows_of(tracked, now);
  Json windows = Json::array();
  for (size_t i = 0; i < kBurnWindows; ++i)
    windows.push_back({{"window", window_name(static_cast<BurnWindow>(i))},
                       {"good", counts[i].good},
                       {"bad", counts[i].bad},
                       {"burn_rate", burn_rate(counts[i], objective)}});
  Json rules = Json::array();
  for (const BurnRule& rule : kBurnRules)
    rules.push_back({{"severity", severity_name(rule.severity)},
                     {"over", window_name(rule.over)},
                     {"still", window_name(rule.still)},
                     {"factor", rule.factor},
                     {"fires", fires(rule, counts, objective, events_min_)}});
  Json report = Json::object();
  report["slo"] = name;
  report["objective"] = objective;
  report["alert"] = severity_name(alert_of(counts, objective, events_min_));
  report["windows"] = std::move(windows);
  report["rules"] = std::move(rules);
  return report;
}

Json SloTracker::report(TimeUs now) const {
  const std::lock_guard lock(mutex_);
  Json all = Json::array();
  for (const Tracked& tracked : tracked_) all.push_back(report_of(tracked, now));
  return all;
}

}  // namespace limner
