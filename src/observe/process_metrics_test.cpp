#include "observe/process_metrics.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>
#include <map>
#include <sstream>

namespace limner {
namespace {

// The values of a scrape by name.
std::map<std::string, double> scrape(Metrics& metrics) {
  std::map<std::string, double> values;
  std::istringstream text(metrics.prometheus_text());
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with('#')) continue;
    values[line.substr(0, line.find_first_of("{ "))] = std::stod(line.substr(line.rfind(' ')));
  }
  return values;
}

TEST(ProcessMetrics, TellOfThisProcess) {
  Metrics metrics;
  add_process_metrics(metrics);
  std::map<std::string, double> values = scrape(metrics);
  EXPECT_EQ(values["limner_build_info"], 1);
  EXPECT_GT(values["process_resident_memory_bytes"], 1 << 20);
  EXPECT_LT(values["process_resident_memory_bytes"], 64.0 * (1u << 30));
  EXPECT_GE(values["process_open_fds"], 1);
  EXPECT_NEAR(values["process_start_time_seconds"], static_cast<double>(std::time(nullptr)), 3600);
}

TEST(ProcessMetrics, FollowTheProcess) {
  Metrics metrics;
  add_process_metrics(metrics);
  const double before = scrape(metrics)["process_open_fds"];
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(scrape(metrics)["process_open_fds"], before + 1);
  ::close(descriptor);
  EXPECT_EQ(scrape(metrics)["process_open_fds"], before);
  const double cpu = scrape(metrics)["process_cpu_seconds_total"];
  for (const std::clock_t start = std::clock(); std::clock() - start < CLOCKS_PER_SEC / 50;) continue;
  const double later = scrape(metrics)["process_cpu_seconds_total"];
  EXPECT_GE(later, cpu + 0.015);
  EXPECT_LT(later, static_cast<double>(std::clock()) / CLOCKS_PER_SEC + 1);
}

}  // namespace
}  // namespace limner
