#include "sampling/samplers/unipc_updates.h"

#include <gtest/gtest.h>

#include <vector>

#include "sampling/samplers/dpm_solver_updates.h"

namespace limner {
namespace {

using Spans = std::vector<std::span<const float>>;

float unipc_stepped(const UniPcUpdate& update, float x, const std::vector<std::vector<float>>& outputs,
                    std::vector<float> now = {}) {
  std::vector<float> latent = {x};
  apply(update, Spans(outputs.begin(), outputs.end()), now, latent, latent);
  return latent[0];
}

const std::vector<VpLevel> kPast = {vp_level(2), vp_level(4), vp_level(9)};
const VpLevel kNext = vp_level(0.9f);

TEST(UniPcUpdates, OfFirstOrderAreDpmSolverPlusPlus) {
  const UniPcUpdate update = unipc_predictor({}, std::span(kPast).first(1), kNext);
  const DpmUpdate same = dpm_update(DpmAlgorithm::dpmsolver_pp, {}, std::span(kPast).first(1), kNext);
  EXPECT_NEAR(update.latent, same.latent, 1e-6);
  EXPECT_NEAR(update.m0, same.d0, 1e-6);
}

// The corrector of order p uses p + 1 outputs and is exact for polynomials of degree p in lambda.
TEST(UniPcUpdates, OfTheCorrectorAreExactForLinearOutputs) {
  const float slope = 0.3f;
  const auto at = [&](const VpLevel& level) { return 0.7f + slope * (level.lambda - kPast[0].lambda); };
  const DpmUpdate exact =
      dpm_update(DpmAlgorithm::dpmsolver_pp, DpmSolverType::heun, std::span(kPast).first(2), kNext);
  std::vector<float> expected = {1.5f};
  const std::vector<float> m0 = {at(kPast[0])}, m1 = {at(kPast[1])}, m2 = {at(kPast[2])};
  apply(exact, Spans{m0, m1}, {}, expected);
  for (const UniPcType type : {UniPcType::bh1, UniPcType::bh2}) {
    for (size_t order = 2; order <= 3; ++order) {
      const UniPcUpdate update = unipc_corrector({.type = type}, std::span(kPast).first(order), kNext);
      EXPECT_NEAR(unipc_stepped(update, 1.5f, {m0, m1, m2}, {at(kNext)}), expected[0], 2e-5);
    }
    const UniPcUpdate third = unipc_predictor({.type = type}, kPast, kNext);
    EXPECT_NEAR(unipc_stepped(third, 1.5f, {m0, m1, m2}), expected[0], 2e-5);
  }
}

TEST(UniPcUpdates, EndAtTheCleanEstimateWithEitherFunction) {
  for (const UniPcType type : {UniPcType::bh1, UniPcType::bh2}) {
    const UniPcUpdate update = unipc_predictor({.type = type}, std::span(kPast).first(1), vp_level(0));
    EXPECT_EQ(unipc_stepped(update, 5, {{0.25f}}), 0.25f);
  }
}

TEST(UniPcUpdates, OfNoLengthChangeNothing) {
  EXPECT_EQ(unipc_stepped(unipc_predictor({}, kPast, kPast[0]), 1.5f, {{0.7f}, {0.1f}, {0.2f}}), 1.5f);
}

}  // namespace
}  // namespace limner
