#include "jobs/bradley_terry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace limner {
namespace {

std::vector<Comparison> repeated(int first, int second, int wins, int losses) {
  std::vector<Comparison> all(static_cast<size_t>(wins), {first, second, 1});
  all.insert(all.end(), static_cast<size_t>(losses), {first, second, 0});
  return all;
}

TEST(BradleyTerry, TwoAreAsFarApartAsTheirOdds) {
  const std::vector<Strength> found = bradley_terry(2, repeated(0, 1, 300, 100));
  EXPECT_NEAR(found[0].value - found[1].value, std::log(3.0), 0.02);
  EXPECT_NEAR(found[0].value + found[1].value, 0, 1e-9);
  EXPECT_EQ(found[0].compared, 400);
}

TEST(BradleyTerry, TiesAreNobodysWin) {
  const std::vector<Strength> found = bradley_terry(2, std::vector<Comparison>(50, {0, 1, 0.5}));
  EXPECT_NEAR(found[0].value, 0, 1e-9);
  EXPECT_LT(found[0].low, 0);
}

TEST(BradleyTerry, WhoAlwaysWonIsFinite) {
  const std::vector<Strength> found = bradley_terry(2, repeated(0, 1, 20, 0));
  EXPECT_GT(found[0].value, 1);
  EXPECT_TRUE(std::isfinite(found[0].high));
}

TEST(BradleyTerry, FindsStrengthsThatDiceWereThrownWith) {
  const double truth[] = {1.2, 0.3, -0.4, -1.1};
  std::mt19937 dice(3);
  std::vector<Comparison> games;
  for (int game = 0; game < 6000; ++game) {
    const int a = static_cast<int>(dice() % 4),
              b = static_cast<int>((static_cast<unsigned>(a) + 1 + dice() % 3) % 4);
    const double chance = 1 / (1 + std::exp(truth[b] - truth[a]));
    games.push_back({a, b, dice() / 4294967296.0 < chance ? 1.0 : 0.0});
  }
  const std::vector<Strength> found = bradley_terry(4, games);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(found[i].value, truth[i], 0.15);
    EXPECT_LT(found[i].low, truth[i]);
    EXPECT_GT(found[i].high, truth[i]);
  }
}

TEST(BradleyTerry, MoreComparisonsSayMore) {
  const double wide =
      bradley_terry(2, repeated(0, 1, 6, 4))[0].high - bradley_terry(2, repeated(0, 1, 6, 4))[0].low;
  const double narrow =
      bradley_terry(2, repeated(0, 1, 600, 400))[0].high - bradley_terry(2, repeated(0, 1, 600, 400))[0].low;
  EXPECT_LT(narrow, wide / 3);
}

}  // namespace
}  // namespace limner
