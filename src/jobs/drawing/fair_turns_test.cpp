#include "jobs/drawing/fair_turns.h"

#include <gtest/gtest.h>

#include <vector>

namespace limner::drawing {
namespace {

// Whoever's turn it is, so many times; all of them always want one.
std::map<std::string, int> turns_of(FairTurns& turns, const std::map<std::string, double>& weights,
                                    int count) {
  std::map<std::string, int> taken;
  for (int i = 0; i < count; ++i) {
    auto next = weights.begin();
    for (auto at = weights.begin(); at != weights.end(); ++at)
      if (turns.start(at->first) < turns.start(next->first)) next = at;
    turns.take(next->first, next->second);
    ++taken[next->first];
  }
  return taken;
}

TEST(FairTurns, AreTakenByWeight) {
  FairTurns turns;
  EXPECT_EQ(turns_of(turns, {{"a", 1}, {"b", 1}}, 100), (std::map<std::string, int>{{"a", 50}, {"b", 50}}));
  const auto weighed = turns_of(turns, {{"a", 1}, {"b", 3}}, 400);
  EXPECT_NEAR(weighed.at("a"), 100, 2);
}

TEST(FairTurns, NobodyHasAClaimOnTurnsThatItDidNotWant) {
  FairTurns turns;
  turns_of(turns, {{"a", 1}}, 1000);
  const auto both = turns_of(turns, {{"a", 1}, {"late", 1}}, 100);
  EXPECT_NEAR(both.at("late"), 50, 1);
}

TEST(FairTurns, ForgetWhoseTurnsAreOver) {
  FairTurns turns;
  std::map<std::string, double> many;
  for (int i = 0; i < 3000; ++i) many.emplace(std::to_string(i), 1);
  for (const auto& [tenant, weight] : many) turns.take(tenant, weight);
  const auto taken = turns_of(turns, {{"0", 1}, {"new", 1}}, 10);
  EXPECT_GE(taken.at("new"), 5);
}

}  // namespace
}  // namespace limner::drawing
