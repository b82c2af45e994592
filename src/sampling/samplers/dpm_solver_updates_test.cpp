#include "sampling/samplers/dpm_solver_updates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace limner {
namespace {

using Spans = std::vector<std::span<const float>>;

float dpm_stepped(const DpmUpdate& update, float x, const std::vector<std::vector<float>>& outputs) {
  std::vector<float> latent = {x};
  apply(update, Spans(outputs.begin(), outputs.end()), {}, latent);
  return latent[0];
}

// The exact solution for a data prediction that is linear in lambda, D = d + slope * (lambda - lambda_0):
// x / sigma_next = x / sigma + e^lambda-weighted mean of D; here in closed form.
float exact_linear(const VpLevel& from, const VpLevel& to, float x, float d, float slope) {
  const double h = double{to.lambda} - double{from.lambda};
  const double weight = to.alpha * (1 - std::exp(-h)), linear = to.alpha * (std::exp(-h) - 1 + h);
  return static_cast<float>(to.sigma / from.sigma * x + weight * d + linear * slope);
}

TEST(DpmSolverUpdates, AreExactForDataThatDoesNotChange) {
  const std::vector<VpLevel> past = {vp_level(2), vp_level(4), vp_level(9)};
  const VpLevel next = vp_level(0.9f);
  const float expected = exact_linear(past[0], next, 1.5f, 0.7f, 0);
  for (const DpmSolverType type : {DpmSolverType::midpoint, DpmSolverType::heun}) {
    for (size_t order = 1; order <= 3; ++order) {
      const DpmUpdate update =
          dpm_update(DpmAlgorithm::dpmsolver_pp, type, std::span(past).first(order), next);
      EXPECT_EQ(update.order, static_cast<int>(order));
      EXPECT_NEAR(dpm_stepped(update, 1.5f, {{0.7f}, {0.7f}, {0.7f}}), expected, 1e-6);
    }
  }
}

TEST(DpmSolverUpdates, OfSecondOrderWithHeunAreExactForLinearData) {
  const std::vector<VpLevel> past = {vp_level(2), vp_level(4)};
  const VpLevel next = vp_level(0.9f);
  const float slope = 0.3f, before = 0.7f + slope * (past[1].lambda - past[0].lambda);
  const DpmUpdate update = dpm_update(DpmAlgorithm::dpmsolver_pp, DpmSolverType::heun, past, next);
  EXPECT_NEAR(dpm_stepped(update, 1.5f, {{0.7f}, {before}}), exact_linear(past[0], next, 1.5f, 0.7f, slope),
              1e-5);
}

TEST(DpmSolverUpdates, OfAnSdeKeepTheVariance) {
  // x = sigma * noise with clean data 0: what is kept of it and the fresh noise add up to the next level's
  // variance.
  for (const DpmAlgorithm algorithm : {DpmAlgorithm::sde_dpmsolver_pp, DpmAlgorithm::dpmsolver_pp}) {
    const VpLevel from = vp_level(3), to = vp_level(1);
    const DpmUpdate update = dpm_update(algorithm, DpmSolverType::midpoint, {{from}}, to);
    const float kept = update.latent * from.sigma;
    EXPECT_NEAR(kept * kept + update.noise * update.noise, to.sigma * to.sigma, 1e-5);
    EXPECT_EQ(update.noise > 0, is_stochastic(algorithm));
  }
}

TEST(DpmSolverUpdates, EndAtTheCleanEstimate) {
  const DpmUpdate update =
      dpm_update(DpmAlgorithm::dpmsolver_pp, DpmSolverType::midpoint, {{vp_level(0.03f)}}, vp_level(0));
  EXPECT_EQ(dpm_stepped(update, 5, {{0.25f}}), 0.25f);
}

TEST(DpmSolverUpdates, OfNoLengthChangeNothing) {
  const std::vector<VpLevel> past = {vp_level(2), vp_level(4), vp_level(9)};
  const DpmUpdate update = dpm_update(DpmAlgorithm::dpmsolver, DpmSolverType::heun, past, past[0]);
  EXPECT_EQ(dpm_stepped(update, 1.5f, {{0.7f}, {0.1f}, {0.2f}}), 1.5f);
}

}  // namespace
}  // namespace limner
