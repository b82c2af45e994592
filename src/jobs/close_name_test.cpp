#include "jobs/close_name.h"

#include <gtest/gtest.h>

#include <array>

namespace limner {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"guidance", "guidance_start", "steps", "seed"};

TEST(CloseName, FindsSlipsOfTheFinger) {
  EXPECT_EQ(close_name("guidence", kNames), "guidance");
  EXPECT_EQ(close_name("step", kNames), "steps");
  EXPECT_EQ(close_name("setps", kNames), "steps");
  EXPECT_EQ(close_name("sed", kNames), "seed");
  EXPECT_EQ(close_name("guidance_strat", kNames), "guidance_start");
}

TEST(CloseName, FindsNothingInAnotherWord) {
  EXPECT_EQ(close_name("lora", kNames), "");
  EXPECT_EQ(close_name("", kNames), "");
  EXPECT_EQ(close_name(std::string(1'000'000, 's'), kNames), "");
}

}  // namespace
}  // namespace limner
