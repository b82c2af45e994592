#include <gtest/gtest.h>

#include <algorithm>

#include "net/http_client.h"

namespace limner {
namespace {

double longest_of_many(int attempt, double first, double longest) {
  double most = 0;
  for (int i = 0; i < 300; ++i) {
    const double seconds = backoff_seconds(attempt, first, longest);
    EXPECT_GE(seconds, 0);
    most = std::max(most, seconds);
  }
  return most;
}

// Of 300 draws from [0, c) the largest is below c / 2 once in 2^300.
TEST(Backoff, DoublesUpToTheLongest) {
  const std::pair<int, double> kCeilings[] = {{1, 0.5}, {2, 1}, {3, 2}, {5, 8}, {6, 8}, {1000, 8}};
  for (const auto& [attempt, ceiling] : kCeilings) {
    const double most = longest_of_many(attempt, 0.5, 8);
    EXPECT_LE(most, ceiling) << attempt;
    EXPECT_GT(most, ceiling / 2) << attempt;
  }
}

TEST(Backoff, IsNotTheSameForAll) { EXPECT_NE(backoff_seconds(5, 1, 60), backoff_seconds(5, 1, 60)); }

}  // namespace
}  // namespace limner
