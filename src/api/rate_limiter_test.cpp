#include "api/rate_limiter.h"

#include <gtest/gtest.h>

#include "api/http/rate_headers.h"

namespace limner {
namespace {

TEST(RateLimiter, HoldsAMinutesRequestsAndFillsEvenly) {
  RateLimiter limiter(100);
  TimeUs now = 1'000 * kSecondUs;
  for (int i = 0; i < 60; ++i) EXPECT_EQ(limiter.take("a", 60, now).remaining, 59 - i);
  const RateVerdict refused = limiter.take("a", 60, now);
  EXPECT_FALSE(refused.allowed);
  EXPECT_NEAR(refused.retry_seconds, 1, 1e-6);
  EXPECT_NEAR(refused.reset_seconds, 60, 1e-6);
  EXPECT_TRUE(limiter.take("b", 60, now).allowed);
  now += kSecondUs;
  EXPECT_TRUE(limiter.take("a", 60, now).allowed);
  EXPECT_FALSE(limiter.take("a", 60, now).allowed);
  now += 3600 * kSecondUs;
  EXPECT_EQ(limiter.take("a", 60, now).remaining, 59);
}

TEST(RateLimiter, NoLimitAndNever) {
  RateLimiter limiter(100);
  EXPECT_TRUE(limiter.take("a", -1, 0).allowed);
  EXPECT_FALSE(limiter.take("a", 0, 0).allowed);
  EXPECT_EQ(limiter.size(), 0u);
}

TEST(RateLimiter, AChangedLimitHoldsAtOnce) {
  RateLimiter limiter(100);
  limiter.take("a", 1000, 0);
  EXPECT_EQ(limiter.take("a", 2, 0).remaining, 1);
}

TEST(RateLimiter, MemoryIsBounded) {
  RateLimiter limiter(64);
  for (int i = 0; i < 10'000; ++i) limiter.take(std::to_string(i), 1, i);
  EXPECT_LE(limiter.size(), 64u);
  // Whoever has used the most is remembered the longest.
  RateLimiter small(4);
  for (int i = 0; i < 10; ++i) small.take("greedy", 10, 0);
  for (int i = 0; i < 100; ++i) small.take(std::to_string(i), 10, 0);
  EXPECT_FALSE(small.take("greedy", 10, 0).allowed);
}

TEST(RateHeaders, AreThoseOfTheTighterLimit) {
  std::vector<std::pair<std::string, std::string>> headers;
  add_rate_headers({}, {}, headers);
  EXPECT_TRUE(headers.empty());
  add_rate_headers({.limit = 60, .remaining = 5, .reset_seconds = 55},
                   {.limit = 600, .remaining = 100, .reset_seconds = 400.2}, headers);
  ASSERT_EQ(headers.size(), 5u);
  EXPECT_EQ(headers[0].second, "60");
  EXPECT_EQ(headers[1].second, "5");
  EXPECT_EQ(headers[2].second, "55s");
  EXPECT_EQ(headers[3].second, "\"key\";q=60;w=60, \"tenant\";q=600;w=60");
  EXPECT_EQ(headers[4].second, "\"key\";r=5;t=55, \"tenant\";r=100;t=401");
}

TEST(RateHeaders, DurationsAreWrittenAsOpenAiDoes) {
  EXPECT_EQ(duration_text(0.25), "250ms");
  EXPECT_EQ(duration_text(1), "1s");
  EXPECT_EQ(duration_text(360), "6m0s");
  EXPECT_EQ(duration_text(3601), "1h0m1s");
}

}  // namespace
}  // namespace limner
