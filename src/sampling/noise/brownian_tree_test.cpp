#include "sampling/noise/brownian_tree.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace limner {
namespace {

constexpr float kLow = 0.029167533f, kHigh = 14.614646f;

std::vector<float> noise(BrownianTree& tree, float from, float to, size_t size) {
  std::vector<float> out(size);
  tree.noise(from, to, out);
  return out;
}

// Expected: diffusers 0.42.1's BrownianTreeNoiseSampler over torchsde 0.2.6, [1, 1, 4, 8], elements 0, 1,
// 17, 31.
TEST(BrownianTree, IsTorchsdes) {
  struct Case {
    float from, to;
    std::array<float, 4> expected;
  };
  const Case cases[] = {{14.614646f, 5.25f, {-0.633938968f, -0.0597251169f, 0.48117879f, -0.128759295f}},
                        {5.25f, 1.5f, {-1.03915346f, -0.28493008f, -0.014120426f, 0.685430706f}},
                        {0.15f, 0.125f, {-0.70853138f, -0.325619161f, 1.3075248f, 0.32006523f}},
                        {kHigh, kLow, {-1.15618324f, -0.219135225f, 0.959730625f, 0.296113193f}}};
  BrownianTree tree(42, kLow, kHigh, 32);
  for (const Case& c : cases) {
    const std::vector<float> got = noise(tree, c.from, c.to, 32);
    for (const auto& [index, expected] : {std::pair(0, c.expected[0]), std::pair(1, c.expected[1]),
                                          std::pair(17, c.expected[2]), std::pair(31, c.expected[3])})
      EXPECT_FLOAT_EQ(got[static_cast<size_t>(index)], expected) << c.from << " to " << c.to;
  }
}

TEST(BrownianTree, TakesSeedsOf64Bits) {
  BrownianTree tree((uint64_t{1} << 32) + 42, 0.1f, 0.2f, 32);
  const std::vector<float> got = noise(tree, 0.15f, 0.125f, 32);
  EXPECT_FLOAT_EQ(got[0], -0.526228368f);
  EXPECT_FLOAT_EQ(got[31], -0.98844409f);
}

TEST(BrownianTree, DependsOnTheIntervalAloneNotOnWhatWasAskedBefore) {
  BrownianTree busy(7, kLow, kHigh, 16);
  for (float level = 14; level > 1; level -= 1.3f) noise(busy, level, level - 1, 16);
  BrownianTree fresh(7, kLow, kHigh, 16);
  EXPECT_EQ(noise(busy, 9.5f, 3.25f, 16), noise(fresh, 9.5f, 3.25f, 16));
}

TEST(BrownianTree, AddsUpAlongThePathAndTurnsItsSignBackwards) {
  BrownianTree tree(3, kLow, kHigh, 16);
  const std::vector<float> whole = noise(tree, 8, 2, 16), first = noise(tree, 8, 5, 16),
                           second = noise(tree, 5, 2, 16);
  const std::vector<float> back = noise(tree, 2, 8, 16);
  for (size_t i = 0; i < 16; ++i) {
    const float sum = first[i] * std::sqrt(3.0f) + second[i] * std::sqrt(3.0f);
    EXPECT_NEAR(whole[i] * std::sqrt(6.0f), sum, 1e-5);
    EXPECT_EQ(back[i], -whole[i]);
  }
}

TEST(BrownianTree, StaysInsideItsEndsAndIsStillBetweenEqualLevels) {
  BrownianTree tree(3, 1, 2, 16);
  EXPECT_EQ(noise(tree, 1.5f, 1.5f, 16), std::vector<float>(16, 0.0f));
  EXPECT_EQ(noise(tree, 5, 3, 16), std::vector<float>(16, 0.0f));
  for (const float value : noise(tree, 3, 0.5f, 16)) EXPECT_TRUE(std::isfinite(value));
}

TEST(BrownianTree, WalksAZeroTerminalSnrModelsLevels) {
  BrownianTree tree(3, 0.0291675f, 4096, 16);
  for (const float value : noise(tree, 4096, 0.03f, 16)) EXPECT_LT(std::fabs(value), 6);
}

}  // namespace
}  // namespace limner
