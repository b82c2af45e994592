#include <gtest/gtest.h>

#include "registry/provider.h"

namespace limner {
namespace {

using State = CircuitBreaker::State;

constexpr TimeUs kOpen = 30 * kSecondUs;

/// Opened at time 0 by three failures.
CircuitBreaker opened() {
  CircuitBreaker breaker(3, kOpen);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(breaker.allow(0));
    breaker.failed(0);
  }
  return breaker;
}

TEST(CircuitBreaker, OpensAfterFailuresInARow) {
  CircuitBreaker breaker(3, kOpen);
  breaker.failed(0);
  breaker.failed(0);
  breaker.succeeded(0);
  breaker.failed(0);
  breaker.failed(0);
  EXPECT_EQ(breaker.state(0), State::closed) << "not in a row";
  EXPECT_TRUE(breaker.allow(0));
  breaker.failed(0);
  EXPECT_EQ(breaker.state(0), State::open);
  EXPECT_FALSE(breaker.allow(kOpen - 1));
}

TEST(CircuitBreaker, LetsOneTryWhenTheTimeIsUp) {
  CircuitBreaker breaker = opened();
  EXPECT_EQ(breaker.state(kOpen), State::half_open);
  EXPECT_TRUE(breaker.allow(kOpen));
  EXPECT_FALSE(breaker.allow(kOpen)) << "one at a time";
  breaker.succeeded(kOpen);
  EXPECT_EQ(breaker.state(kOpen), State::closed);
  EXPECT_TRUE(breaker.allow(kOpen));
  EXPECT_TRUE(breaker.allow(kOpen));
}

TEST(CircuitBreaker, OneFailedTryOpensItAgain) {
  CircuitBreaker breaker = opened();
  EXPECT_TRUE(breaker.allow(kOpen));
  breaker.failed(kOpen);
  EXPECT_EQ(breaker.state(2 * kOpen - 1), State::open);
  EXPECT_TRUE(breaker.allow(2 * kOpen));
}

TEST(CircuitBreaker, AnAbandonedTryLetsAnotherTry) {
  CircuitBreaker breaker = opened();
  EXPECT_TRUE(breaker.allow(kOpen));
  breaker.abandoned();
  EXPECT_EQ(breaker.state(kOpen), State::half_open);
  EXPECT_TRUE(breaker.allow(kOpen));
}

TEST(CircuitBreaker, StragglersDoNotKeepItOpen) {
  CircuitBreaker breaker = opened();
  breaker.failed(kOpen - 1);
  EXPECT_EQ(breaker.state(kOpen), State::half_open);
}

}  // namespace
}  // namespace limner
