#pragma once
// One step of the DPM-Solver family as weights: a sum of the latent, the model's latest outputs and noise.

#include <cstdint>
#include <span>

#include "sampling/samplers/vp_level.h"

namespace limner {

/// Which integral a step solves: of the noise prediction (DPM-Solver, Lu et al. 2022, arXiv:2206.00927) or of
/// the data prediction (DPM-Solver++, Lu et al. 2022, arXiv:2211.01095), as an ODE or as an SDE.
enum class DpmAlgorithm : uint8_t { dpmsolver, dpmsolver_pp, sde_dpmsolver, sde_dpmsolver_pp };
/// How the second-order term is weighted; first and third order know one way each.
enum class DpmSolverType : uint8_t { midpoint, heun };

bool predicts_clean(DpmAlgorithm algorithm);
bool is_stochastic(DpmAlgorithm algorithm);

/// A step from the newest of `order` known model outputs m0, m1, m2 (newest first):
///   x <- x * latent + m0 * d0 + D1 * d1 + D2 * d2 + noise * fresh noise,
/// where D1 and D2 are the outputs' first and second divided differences in lambda.
struct DpmUpdate {
  int order = 1;
  float latent = 1, d0 = 0, d1 = 0, d2 = 0, noise = 0;
  /// 1 / r0, 1 / r1 of the papers, and what turns their differences into D1 and D2.
  float per_r0 = 0, per_r1 = 0, lean = 0, curve = 0;
};

/// Weights of the step between two levels; `past` holds the levels of the outputs m0, m1, ... (newest first,
/// past[0] is where x is), 1 to 3 of them: the step's order. f32 in the order of operations of diffusers
/// 0.42.1's DPMSolverMultistepScheduler. A step of no length leaves x as it is (there diffusers divides zero
/// by zero). Third order with sde_dpmsolver is not defined: a CHECK.
DpmUpdate dpm_update(DpmAlgorithm algorithm, DpmSolverType type, std::span<const VpLevel> past,
                     const VpLevel& next);

/// x <- the step. `outputs` holds at least update.order spans, newest first; `noise` may be empty if
/// update.noise is 0.
void apply(const DpmUpdate& update, std::span<const std::span<const float>> outputs,
           std::span<const float> noise, std::span<float> x);

}  // namespace limner
