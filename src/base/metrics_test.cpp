#include "base/metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace limner {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, PrintsPrometheusText) {
  Metrics metrics;
  metrics.counter("limner_jobs_total", "Jobs by\nstate.", {"state"}).with({"stored"}).add(2);
  metrics.gauge("limner_queue_depth", "Jobs that wait.").with({}).set(3.5);
  Histogram& seconds =
      metrics.histogram("limner_step_seconds", "A step.", std::vector<double>{0.5, 1}, {"model"}).with({"a"});
  for (const double value : {0.25, 0.5, 0.75, 7.0}) seconds.observe(value);
  EXPECT_EQ(metrics.prometheus_text(),
            "# HELP limner_jobs_total Jobs by\\nstate.\n"
            "# TYPE limner_jobs_total counter\n"
            "limner_jobs_total{state=\"stored\"} 2\n"
            "# HELP limner_queue_depth Jobs that wait.\n"
            "# TYPE limner_queue_depth gauge\n"
            "limner_queue_depth 3.5\n"
            "# HELP limner_step_seconds A step.\n"
            "# TYPE limner_step_seconds histogram\n"
            "limner_step_seconds_bucket{model=\"a\",le=\"0.5\"} 2\n"
            "limner_step_seconds_bucket{model=\"a\",le=\"1\"} 3\n"
            "limner_step_seconds_bucket{model=\"a\",le=\"+Inf\"} 4\n"
            "limner_step_seconds_sum{model=\"a\"} 8.5\n"
            "limner_step_seconds_count{model=\"a\"} 4\n");
}

TEST(Metrics, ASeriesWithoutLabelsStartsAtZero) {
  Metrics metrics;
  metrics.counter("limner_lost_total", "Lost.");
  EXPECT_TRUE(has_line(metrics.prometheus_text(), "limner_lost_total 0"));
}

TEST(Metrics, EscapesLabelValues) {
  Metrics metrics;
  metrics.gauge("limner_model", "Models.", {"name"}).with({"a\"b\\c\nd"}).set(1);
  EXPECT_TRUE(has_line(metrics.prometheus_text(), R"(limner_model{name="a\"b\\c\nd"} 1)"));
}

TEST(Metrics, TheSameNameIsTheSameFamily) {
  Metrics metrics;
  metrics.counter("limner_x_total", "X.", {"a"}).with({"1"}).add();
  metrics.counter("limner_x_total", "X.", {"a"}).with({"1"}).add();
  EXPECT_EQ(metrics.counter("limner_x_total", "X.", {"a"}).with({"1"}).value(), 2);
}

TEST(Metrics, StrangersCannotMakeSeriesWithoutEnd) {
  Metrics metrics;
  MetricFamily<Counter>& family = metrics.counter("limner_x_total", "X.", {"tenant", "model"});
  for (int i = 0; i < 1000; ++i) family.with({std::to_string(i), "m"}).add();
  size_t series = 0;
  double all = 0;
  family.visit([&](const std::vector<std::string>&, const Counter& counter) {
    ++series;
    all += counter.value();
  });
  EXPECT_EQ(series, 201u);
  EXPECT_EQ(all, 1000);
  EXPECT_EQ(family.with({"other", "other"}).value(), 800);
  EXPECT_EQ(family.with({"0", "m"}).value(), 1) << "the first keep their own";
}

TEST(Metrics, RefreshersRunBeforeEachScrapeAndMayDeclare) {
  Metrics metrics;
  int scrapes = 0;
  metrics.before_scrape([&] { metrics.gauge("limner_scrapes", "Scrapes.").with({}).set(++scrapes); });
  EXPECT_TRUE(has_line(metrics.prometheus_text(), "limner_scrapes 1"));
  EXPECT_TRUE(has_line(metrics.prometheus_text(), "limner_scrapes 2"));
}

TEST(Metrics, CountsOfManyThreadsAddUp) {
  Metrics metrics;
  Counter& counter = metrics.counter("limner_x_total", "X.").with({});
  Histogram& histogram = metrics.histogram("limner_x_seconds", "X.", kShortSeconds).with({});
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 5000; ++i) {
          counter.add();
          histogram.observe(0.25);
        }
      });
  }
  EXPECT_EQ(counter.value(), 20'000);
  EXPECT_EQ(histogram.cumulative().back(), 20'000u);
  EXPECT_EQ(histogram.sum(), 5000);
}

TEST(MetricsDeathTest, ANameIsOfOneKind) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  Metrics metrics;
  metrics.counter("limner_x", "X.");
  EXPECT_DEATH(metrics.gauge("limner_x", "X."), "one kind");
}

}  // namespace
}  // namespace limner
