#include "jobs/drawing/lease.h"

#include <gtest/gtest.h>

#include <thread>

namespace limner::drawing {
namespace {

TEST(Lease, IsAskedForOnce) {
  Lease lease;
  EXPECT_TRUE(lease.ask());
  EXPECT_FALSE(lease.ask());
  EXPECT_EQ(lease.state(), Lease::State::asked);
}

TEST(Lease, LetsWhoEndsTheJobWaitForTheAnswer) {
  Lease lease;
  EXPECT_EQ(lease.settled(), Lease::State::none);
  lease.ask();
  Lease::State seen = Lease::State::none;
  std::thread waiting([&] { seen = lease.settled(); });
  lease.answer(true);
  waiting.join();
  EXPECT_EQ(seen, Lease::State::held);
}

TEST(Lease, IsLostWhenNobodyWillAnswer) {
  Lease asked, held;
  asked.ask();
  asked.give_up();
  EXPECT_EQ(asked.settled(), Lease::State::lost);
  held.ask();
  held.answer(true);
  held.give_up();
  EXPECT_EQ(held.settled(), Lease::State::held);
}

}  // namespace
}  // namespace limner::drawing
