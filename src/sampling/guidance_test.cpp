#include "sampling/guidance.h"

#include <gtest/gtest.h>

#include <vector>

namespace limner {
namespace {

using Latent = std::vector<float>;

const Latent kUncond = {0, 1, -1, 2}, kCond = {1, 1, 0, -2}, kOther = {0, 2, -1, 0};

TEST(Guidance, GoesFromUncondThroughCond) {
  Latent out(4);
  guide(kUncond, kCond, 1, out);
  EXPECT_EQ(out, kCond);
  guide(kUncond, kCond, 0, out);
  EXPECT_EQ(out, kUncond);
  guide(kUncond, kCond, 7.5f, out);
  EXPECT_EQ(out, (Latent{7.5f, 1, 6.5f, -28}));
}

TEST(Guidance, MayOverwriteAnInput) {
  Latent out = kUncond;
  guide(out, kCond, 7.5f, out);
  EXPECT_EQ(out, (Latent{7.5f, 1, 6.5f, -28}));
}

TEST(Guidance, OneConditionOfManyIsPlainGuidance) {
  Latent one(4), many(4);
  guide(kUncond, kCond, 3, one);
  const GuidedCondition conditions[] = {{kCond, 1}};
  guide(kUncond, conditions, 3, many);
  EXPECT_EQ(one, many);
}

TEST(Guidance, ConditionsAddUpByWeight) {
  Latent out(4);
  const GuidedCondition conditions[] = {{kCond, 1}, {kOther, -0.5f}};
  guide(kUncond, conditions, 2, out);
  EXPECT_EQ(out, (Latent{2, 0, 1, -4}));
}

TEST(Guidance, EditingHasTwoScales) {
  Latent out(4);
  guide_edit(kUncond, kOther, kCond, 1, 1, out);
  EXPECT_EQ(out, kCond);
  guide_edit(kUncond, kOther, kCond, 2, 3, out);
  EXPECT_EQ(out, (Latent{2, 2, 1, -8}));
}

TEST(Guidance, RescalingTakesTheSpreadOfCond) {
  Latent guided = {2, -2, 6, -6};
  const Latent cond = {1, -1, 3, -3};
  rescale_guidance(cond, 1, guided);
  for (size_t i = 0; i < cond.size(); ++i) EXPECT_NEAR(guided[i], cond[i], 1e-6f);
  guided = {2, -2, 6, -6};
  rescale_guidance(cond, 0.7f, guided);
  for (size_t i = 0; i < cond.size(); ++i) EXPECT_NEAR(guided[i], cond[i] * 1.3f, 1e-6f);
}

TEST(Guidance, RescalingWithoutSpreadChangesNothing) {
  Latent guided = {2, 2, 2, 2};
  rescale_guidance(kCond, 1, guided);
  EXPECT_EQ(guided, (Latent{2, 2, 2, 2}));
}

}  // namespace
}  // namespace limner
