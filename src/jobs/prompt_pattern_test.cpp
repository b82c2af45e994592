#include "jobs/prompt_pattern.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

TEST(PromptPattern, IsFoundAnywhereInBothCases) {
  EXPECT_TRUE(prompt_has("a portrait of Jane Doe, oil", "jane doe"));
  EXPECT_TRUE(prompt_has("A RED APPLE", "red"));
  EXPECT_FALSE(prompt_has("a red apple", "blue"));
  EXPECT_FALSE(prompt_has("", "x"));
}

TEST(PromptPattern, StarsStandForAnything) {
  EXPECT_TRUE(prompt_has("jane in the rain, doe", "jane*doe"));
  EXPECT_TRUE(prompt_has("jane doe", "*jane*doe*"));
  EXPECT_FALSE(prompt_has("doe and jane", "jane*doe"));
  EXPECT_FALSE(prompt_has("aba", "ab*ba"));
  EXPECT_TRUE(prompt_has("anything", "*"));
}

}  // namespace
}  // namespace limner
