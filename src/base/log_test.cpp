#include "base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <thread>
#include <vector>

namespace limner {
namespace {

// A log into a file without a name, read back as lines.
class LogTest : public testing::Test {
 protected:
  ~LogTest() override { std::fclose(file_); }

  int descriptor() const { return fileno(file_); }

  std::vector<std::string> lines() const {
    std::string text(static_cast<size_t>(::lseek(descriptor(), 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(descriptor(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    std::vector<std::string> lines;
    for (size_t from = 0, end = 0; (end = text.find('\n', from)) != text.npos; from = end + 1)
      lines.push_back(text.substr(from, end - from));
    return lines;
  }

  // 2026-01-02 03:04:05.000678 UTC
  ManualClock clock_{1'767'323'045'000'678};

 private:
  std::FILE* file_ = std::tmpfile();
};

TEST_F(LogTest, ALineIsAnObject) {
  Log log(descriptor(), LogLevel::info, false, clock_);
  log.info("job_stored", {{"job", "job_1"}, {"seconds", 1.5}, {"tags", Json::array({"a", "b"})}});
  ASSERT_EQ(lines().size(), 1u);
  EXPECT_EQ(lines()[0],
            R"({"time":"2026-01-02T03:04:05.000678Z","level":"info","event":"job_stored","job":"job_1",)"
            R"("seconds":1.5,"tags":["a","b"]})");
  EXPECT_FALSE(log.prompts_allowed());
}

TEST_F(LogTest, WritesFromTheLeastLevelUp) {
  Log log(descriptor(), LogLevel::warning, true, clock_);
  log.debug("a");
  log.info("b");
  log.warning("c");
  log.error("d");
  ASSERT_EQ(lines().size(), 2u);
  EXPECT_EQ(Json::parse(lines()[0])["level"], "warning");
  EXPECT_EQ(Json::parse(lines()[1])["event"], "d");
  EXPECT_TRUE(log.prompts_allowed());
}

TEST_F(LogTest, HostileTextStaysOneLineOfJson) {
  Log log(descriptor(), LogLevel::info, false, clock_);
  log.info("request", {{"agent", "x\"}\n{\"level\":\"error\"\x01"}, {"broken", "\xff\xfe"}});
  ASSERT_EQ(lines().size(), 1u);
  EXPECT_EQ(Json::parse(lines()[0])["agent"], "x\"}\n{\"level\":\"error\"\x01");
}

TEST_F(LogTest, ALongLineIsCutAndStaysJson) {
  Log log(descriptor(), LogLevel::info, false, clock_);
  log.info("request", {{"long", std::string(100'000, 'x')}, {"short", 1}});
  ASSERT_EQ(lines().size(), 1u);
  EXPECT_LE(lines()[0].size(), 16u << 10);
  const Json line = Json::parse(lines()[0]);
  EXPECT_FALSE(line.contains("long"));
  EXPECT_EQ(line["short"], 1);
  EXPECT_EQ(line["cut"], true);
}

TEST_F(LogTest, LinesOfManyThreadsDoNotMix) {
  Log log(descriptor(), LogLevel::info, false, clock_);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 100; ++i)
          log.info("line", {{"text", std::string(500, static_cast<char>('a' + t))}});
      });
  }
  EXPECT_EQ(lines().size(), 400u);
  for (const std::string& line : lines()) ASSERT_TRUE(Json::accept(line)) << line;
}

TEST_F(LogTest, AClosedDescriptorIsBorne) {
  Log log(-1, LogLevel::info, false, clock_);
  log.info("nobody_listens");
}

}  // namespace
}  // namespace limner
