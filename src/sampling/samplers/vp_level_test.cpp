#include "sampling/samplers/vp_level.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace limner {
namespace {

TEST(VpLevel, KeepsTheVarianceAndTheRatio) {
  for (const float ratio : {0.03f, 1.0f, 14.6f, 4096.0f}) {
    const VpLevel level = vp_level(ratio);
    EXPECT_NEAR(level.alpha * level.alpha + level.sigma * level.sigma, 1, 1e-6);
    EXPECT_NEAR(level.sigma / level.alpha / ratio, 1, 1e-6);
    EXPECT_NEAR(level.lambda, -std::log(ratio), 1e-5);
  }
  EXPECT_TRUE(std::isinf(vp_level(0).lambda));
}

TEST(VpLevel, EveryPredictionTellsCleanFromNoise) {
  const VpLevel level = vp_level(2);
  const std::vector<float> clean = {1, -2, 0.5f}, noise = {0.25f, 3, -1};
  std::vector<float> x(3), v(3);
  for (size_t i = 0; i < 3; ++i) {
    x[i] = level.alpha * clean[i] + level.sigma * noise[i];
    v[i] = level.alpha * noise[i] - level.sigma * clean[i];
  }
  const auto check = [&](Prediction kind, const std::vector<float>& prediction) {
    std::vector<float> got_clean(3), got_noise(3);
    vp_clean(kind, level, x, prediction, got_clean);
    vp_noise(kind, level, x, prediction, got_noise);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(got_clean[i], clean[i], 1e-5);
      EXPECT_NEAR(got_noise[i], noise[i], 1e-5);
    }
  };
  check(Prediction::epsilon, noise);
  check(Prediction::v, v);
  check(Prediction::sample, clean);
}

}  // namespace
}  // namespace limner
