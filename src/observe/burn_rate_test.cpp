#include "observe/burn_rate.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

// Windows of 1000 events each, `bad` of them bad.
WindowCounts all_windows(uint64_t bad) {
  WindowCounts counts;
  counts.fill({1000 - bad, bad});
  return counts;
}

EventCounts& at(WindowCounts& counts, BurnWindow window) { return counts[static_cast<size_t>(window)]; }

TEST(BurnRate, IsAMultipleOfWhatIsAllowed) {
  EXPECT_EQ(burn_rate({}, 0.99), 0);
  EXPECT_EQ(burn_rate({1000, 0}, 0.99), 0);
  EXPECT_NEAR(burn_rate({990, 10}, 0.99), 1, 1e-9);
  EXPECT_NEAR(burn_rate({0, 5}, 0.99), 100, 1e-9);
  EXPECT_NEAR(burn_rate({999, 1}, 0.999), 1, 1e-9);
}

TEST(BurnRate, TheFasterTheMoreUrgent) {
  EXPECT_EQ(alert_of(all_windows(9), 0.99, 100), AlertSeverity::none);
  EXPECT_EQ(alert_of(all_windows(11), 0.99, 100), AlertSeverity::ticket);
  EXPECT_EQ(alert_of(all_windows(61), 0.99, 100), AlertSeverity::page);
}

TEST(BurnRate, WhatIsOverDoesNotFire) {
  WindowCounts counts = all_windows(200);
  for (const BurnRule& rule : kBurnRules) {
    EXPECT_TRUE(fires(rule, counts, 0.99, 100));
    WindowCounts recovered = counts;
    at(recovered, rule.still) = {1000, 0};
    EXPECT_FALSE(fires(rule, recovered, 0.99, 100)) << window_name(rule.still);
    WindowCounts blip = counts;
    at(blip, rule.over) = {100'000, 200};
    EXPECT_FALSE(fires(rule, blip, 0.99, 100)) << window_name(rule.over);
  }
}

TEST(BurnRate, AFewEventsSayNothing) {
  WindowCounts counts;
  counts.fill({5, 5});
  EXPECT_EQ(alert_of(counts, 0.99, 100), AlertSeverity::none);
  EXPECT_EQ(alert_of(counts, 0.99, 10), AlertSeverity::page);
  at(counts, BurnWindow::days_3) = {10'000, 200};
  EXPECT_EQ(alert_of(counts, 0.99, 100), AlertSeverity::ticket) << "only the windows that hold enough";
}

TEST(BurnRate, WindowsAreNamedByTheirLength) {
  EXPECT_STREQ(window_name(BurnWindow::minutes_5), "5m");
  EXPECT_EQ(window_minutes(BurnWindow::minutes_5), 5);
  EXPECT_STREQ(window_name(BurnWindow::days_3), "3d");
  EXPECT_EQ(window_minutes(BurnWindow::days_3), 4320);
  for (const BurnRule& rule : kBurnRules)
    EXPECT_EQ(window_minutes(rule.over) / window_minutes(rule.still), 12);
}

}  // namespace
}  // namespace limner
