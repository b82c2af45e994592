#include "sampling/samplers/dpm_solver_updates.h"

#include <cmath>

#include "base/check.h"

namespace limner {
namespace {

/// Weights of the latent and of m0, and the noise: the same for every order.
DpmUpdate first_order(DpmAlgorithm algorithm, const VpLevel& from, const VpLevel& to, float h) {
  DpmUpdate update;
  switch (algorithm) {
    case DpmAlgorithm::dpmsolver_pp:
      update.latent = to.sigma / from.sigma;
      update.d0 = -(to.alpha * (std::exp(-h) - 1.0f));
      break;
    case DpmAlgorithm::dpmsolver:
      update.latent = to.alpha / from.alpha;
      update.d0 = -(to.sigma * (std::exp(h) - 1.0f));
      break;
    case DpmAlgorithm::sde_dpmsolver_pp:
      update.latent = to.sigma / from.sigma * std::exp(-h);
      update.d0 = to.alpha * (1.0f - std::exp(-2.0f * h));
      update.noise = to.sigma * std::sqrt(1.0f - std::exp(-2.0f * h));
      break;
    case DpmAlgorithm::sde_dpmsolver:
      update.latent = to.alpha / from.alpha;
      update.d0 = -(2.0f * (to.sigma * (std::exp(h) - 1.0f)));
      update.noise = to.sigma * std::sqrt(std::exp(2.0f * h) - 1.0f);
      break;
  }
  return update;
}

float midpoint_weight(DpmAlgorithm algorithm, const VpLevel& to, float h) {
  switch (algorithm) {
    case DpmAlgorithm::dpmsolver_pp:
      return -(0.5f * (to.alpha * (std::exp(-h) - 1.0f)));
    case DpmAlgorithm::dpmsolver:
      return -(0.5f * (to.sigma * (std::exp(h) - 1.0f)));
    case DpmAlgorithm::sde_dpmsolver_pp:
      return 0.5f * (to.alpha * (1.0f - std::exp(-2.0f * h)));
    case DpmAlgorithm::sde_dpmsolver:
      return -(to.sigma * (std::exp(h) - 1.0f));
  }
  return 0;
}

/// The exact integral of the linear term; heun's second order and every third order use it.
float linear_weight(DpmAlgorithm algorithm, const VpLevel& to, float h) {
  switch (algorithm) {
    case DpmAlgorithm::dpmsolver_pp:
      return to.alpha * ((std::exp(-h) - 1.0f) / h + 1.0f);
    case DpmAlgorithm::dpmsolver:
      return -(to.sigma * ((std::exp(h) - 1.0f) / h - 1.0f));
    case DpmAlgorithm::sde_dpmsolver_pp:
      return to.alpha * ((1.0f - std::exp(-2.0f * h)) / (-2.0f * h) + 1.0f);
    case DpmAlgorithm::sde_dpmsolver:
      return -(2.0f * (to.sigma * ((std::exp(h) - 1.0f) / h - 1.0f)));
  }
  return 0;
}

/// The exact integral of the quadratic term.
float quadratic_weight(DpmAlgorithm algorithm, const VpLevel& to, float h) {
  float twice = 2.0f * h;
  switch (algorithm) {
    case DpmAlgorithm::dpmsolver_pp:
      return -(to.alpha * ((std::exp(-h) - 1.0f + h) / (h * h) - 0.5f));
    case DpmAlgorithm::dpmsolver:
      return -(to.sigma * ((std::exp(h) - 1.0f - h) / (h * h) - 0.5f));
    case DpmAlgorithm::sde_dpmsolver_pp:
      return to.alpha * ((1.0f - std::exp(-twice) - twice) / (twice * twice) - 0.5f);
    case DpmAlgorithm::sde_dpmsolver:
      break;
  }
  LIMNER_CHECK(false, "sde-dpmsolver has no third order");
}

}  // namespace

bool predicts_clean(DpmAlgorithm algorithm) {
  return algorithm == DpmAlgorithm::dpmsolver_pp || algorithm == DpmAlgorithm::sde_dpmsolver_pp;
}

bool is_stochastic(DpmAlgorithm algorithm) {
  return algorithm == DpmAlgorithm::sde_dpmsolver || algorithm == DpmAlgorithm::sde_dpmsolver_pp;
}

DpmUpdate dpm_update(DpmAlgorithm algorithm, DpmSolverType type, std::span<const VpLevel> past,
                     const VpLevel& next) {
  LIMNER_CHECK(!past.empty() && past.size() <= 3, "steps are of order 1 to 3");
  float h = next.lambda - past[0].lambda;
  if (h == 0) return DpmUpdate{};
  DpmUpdate update = first_order(algorithm, past[0], next, h);
  update.order = static_cast<int>(past.size());
  if (update.order == 1) return update;

  float r0 = (past[0].lambda - past[1].lambda) / h;
  update.per_r0 = 1.0f / r0;
  if (update.order == 2) {
    update.d1 = type == DpmSolverType::midpoint ? midpoint_weight(algorithm, next, h)
                                                : linear_weight(algorithm, next, h);
    return update;
  }
  float r1 = (past[1].lambda - past[2].lambda) / h;
  update.per_r1 = 1.0f / r1;
  update.lean = r0 / (r0 + r1);
  update.curve = 1.0f / (r0 + r1);
  update.d1 = linear_weight(algorithm, next, h);
  update.d2 = quadratic_weight(algorithm, next, h);
  return update;
}

void apply(const DpmUpdate& u, std::span<const std::span<const float>> outputs, std::span<const float> noise,
           std::span<float> x) {
  for (int i = 0; i < u.order; ++i)
    LIMNER_CHECK(outputs[static_cast<size_t>(i)].size() == x.size(), "one model output for each order");
  const float* m0 = outputs[0].data();
  const float* m1 = u.order > 1 ? outputs[1].data() : m0;
  const float* m2 = u.order > 2 ? outputs[2].data() : m1;
  for (size_t i = 0; i < x.size(); ++i) {
    float sum = u.latent * x[i] + u.d0 * m0[i];
    if (u.order == 2) sum += u.d1 * (u.per_r0 * (m0[i] - m1[i]));
    if (u.order == 3) {
      float newer = u.per_r0 * (m0[i] - m1[i]), older = u.per_r1 * (m1[i] - m2[i]);
      sum += u.d1 * (newer + u.lean * (newer - older));
      sum += u.d2 * (u.curve * (newer - older));
    }
    x[i] = noise.empty() ? sum : sum + u.noise * noise[i];
  }
}

}  // namespace limner
