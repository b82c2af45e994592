#include "base/clock.h"

#include <gtest/gtest.h>

#include <ctime>

namespace limner {
namespace {

TEST(Clock, OfTheSystemCountsMicrosecondsSince1970) {
  const SystemClock clock;
  EXPECT_NEAR(static_cast<double>(clock.now()) / kSecondUs, static_cast<double>(std::time(nullptr)), 10);
  const TimeUs before = clock.steady();
  EXPECT_LE(before, clock.steady());
}

TEST(Clock, OfATestGoesOnWhenTold) {
  ManualClock clock(5 * kDayUs);
  const Clock& time = clock;
  EXPECT_EQ(time.now(), 5 * kDayUs);
  clock.advance(3 * kSecondUs);
  EXPECT_EQ(time.now(), 5 * kDayUs + 3 * kSecondUs);
  EXPECT_EQ(time.steady(), time.now());
}

}  // namespace
}  // namespace limner
