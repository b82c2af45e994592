#include "observe/slo.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

constexpr TimeUs kMinute = 60 * kSecondUs;
constexpr TimeUs kStart = 20'000 * kDayUs;

// Records `per_minute` jobs in each minute of [from, to), every `one_bad_of`-th of them bad (0: none).
void run_jobs(SloTracker& tracker, TimeUs from, TimeUs to, int per_minute, int one_bad_of) {
  int job = 0;
  for (TimeUs time = from; time < to; time += kMinute)
    for (int i = 0; i < per_minute; ++i) {
      ++job;
      tracker.record("realtime", one_bad_of == 0 || job % one_bad_of != 0, time);
    }
}

std::string alert_at(const SloTracker& tracker, TimeUs now) { return tracker.report(now)[0]["alert"]; }

TEST(MinuteCounts, SumsTheMinutesOfAWindow) {
  MinuteCounts counts;
  counts.add(true, kStart);
  counts.add(false, kStart + kMinute);
  counts.add(false, kStart + kMinute + 1);
  EXPECT_EQ(counts.over(kStart + kMinute, 1).bad, 2u);
  EXPECT_EQ(counts.over(kStart + kMinute, 1).good, 0u);
  EXPECT_EQ(counts.over(kStart + kMinute, 2).all(), 3u);
  EXPECT_EQ(counts.over(kStart + 10 * kMinute, 5).all(), 0u);
}

TEST(MinuteCounts, ForgetsAfterThreeDays) {
  MinuteCounts counts;
  counts.add(false, kStart);
  EXPECT_EQ(counts.over(kStart + 3 * kDayUs - 1, 4320).bad, 1u);
  EXPECT_EQ(counts.over(kStart + 3 * kDayUs, 4320).bad, 0u);
  counts.add(true, kStart + 3 * kDayUs);  // the same place in the ring
  counts.add(false, kStart);              // too late to be counted
  EXPECT_EQ(counts.over(kStart + 3 * kDayUs, 4320).all(), 1u);
}

TEST(MinuteCounts, TakesThePastInAnyOrder) {
  MinuteCounts counts;
  for (int minute = 59; minute >= 0; --minute) counts.add(minute % 2 == 0, kStart + minute * kMinute);
  EXPECT_EQ(counts.over(kStart + 59 * kMinute, 60).good, 30u);
  EXPECT_EQ(counts.over(kStart + 59 * kMinute, 60).bad, 30u);
  counts.add(true, -5);
  EXPECT_EQ(counts.over(0, 5).good, 1u);
}

TEST(SloTracker, QuietDaysAreQuiet) {
  SloTracker tracker({{"realtime", 0.99}});
  run_jobs(tracker, kStart, kStart + 3 * kDayUs, 5, 200);  // half the budget
  EXPECT_EQ(alert_at(tracker, kStart + 3 * kDayUs - 1), "none");
}

TEST(SloTracker, AnOutagePagesSoonAndIsOverSoon) {
  SloTracker tracker({{"realtime", 0.99}});
  const TimeUs outage = kStart + 2 * kDayUs;
  run_jobs(tracker, kStart, outage, 5, 0);
  run_jobs(tracker, outage, outage + 20 * kMinute, 5, 1);
  EXPECT_EQ(alert_at(tracker, outage - 1), "none");
  TimeUs paged = outage;
  while (alert_at(tracker, paged) != "page") paged += kMinute;
  EXPECT_LE(paged - outage, 10 * kMinute) << "everything fails: 14.4 % of an hour are 9 minutes";
  run_jobs(tracker, outage + 20 * kMinute, outage + 2 * 60 * kMinute, 5, 0);
  EXPECT_NE(alert_at(tracker, outage + 60 * kMinute), "page") << "good again for 40 minutes";
}

TEST(SloTracker, ASlowLeakIsATicket) {
  SloTracker tracker({{"realtime", 0.99}});
  run_jobs(tracker, kStart, kStart + 3 * kDayUs, 5, 50);  // twice the budget, for days
  EXPECT_EQ(alert_at(tracker, kStart + 3 * kDayUs - 1), "ticket");
}

TEST(SloTracker, AFailureInTheNightWakesNobody) {
  SloTracker tracker({{"realtime", 0.99}});
  for (int i = 0; i < 20; ++i) tracker.record("realtime", i % 2 == 0, kStart + i * 3 * kMinute);
  EXPECT_EQ(alert_at(tracker, kStart + 60 * kMinute), "none");
}

TEST(SloTracker, TiersAreApartAndStrangersIgnored) {
  SloTracker tracker({{"realtime", 0.99}, {"batch", 0.9}});
  run_jobs(tracker, kStart, kStart + 60 * kMinute, 5, 1);
  tracker.record("nobody", false, kStart);
  const Json report = tracker.report(kStart + 60 * kMinute - 1);
  ASSERT_EQ(report.size(), 2u);
  EXPECT_EQ(report[0]["alert"], "page");
  EXPECT_EQ(report[1]["slo"], "batch");
  EXPECT_EQ(report[1]["alert"], "none");
  EXPECT_EQ(report[0]["windows"][2]["window"], "1h");
  EXPECT_EQ(report[0]["windows"][2]["bad"], 300);
  EXPECT_NEAR(report[0]["windows"][2]["burn_rate"].get<double>(), 100, 1e-6);
  EXPECT_EQ(report[0]["rules"][0]["fires"], true);
}

TEST(SloTracker, PublishesGauges) {
  SloTracker tracker({{"realtime", 0.75}}, 1);
  Metrics metrics;
  ManualClock clock(kStart);
  tracker.publish(metrics, clock);
  tracker.record("realtime", false, kStart);
  tracker.record("realtime", true, kStart);
  const std::string text = metrics.prometheus_text();
  EXPECT_NE(text.find("limner_slo_burn_rate{slo=\"realtime\",window=\"5m\"} 2\n"), text.npos) << text;
  EXPECT_NE(text.find("limner_slo_alert{slo=\"realtime\",severity=\"ticket\"} 1\n"), text.npos) << text;
  EXPECT_NE(text.find("limner_slo_alert{slo=\"realtime\",severity=\"page\"} 0\n"), text.npos) << text;
  clock.advance(10 * kMinute);
  EXPECT_NE(metrics.prometheus_text().find("window=\"5m\"} 0\n"), text.npos);
}

}  // namespace
}  // namespace limner
