#pragma once
// A noise level of a variance-preserving diffusion, and what a network's prediction means there.

#include <span>

#include "sampling/training_schedule.h"

namespace limner {

/// x = alpha * clean + sigma * noise, with alpha^2 + sigma^2 = 1; lambda = log(alpha / sigma) is infinite
/// where clean. f32 in PyTorch's order of operations: diffusers' _sigma_to_alpha_sigma_t.
struct VpLevel {
  float alpha, sigma, lambda;
};

/// The level whose ratio sigma / alpha is `ratio`, as sigma schedules count noise.
VpLevel vp_level(float ratio);

/// clean = the clean latent behind `x` at `level` if the network said `prediction`. All [element]; `clean`
/// may be either.
void vp_clean(Prediction kind, const VpLevel& level, std::span<const float> x,
              std::span<const float> prediction, std::span<float> clean);

/// noise = the noise in `x` at `level` if the network said `prediction`. All [element]; `noise` may be
/// either.
void vp_noise(Prediction kind, const VpLevel& level, std::span<const float> x,
              std::span<const float> prediction, std::span<float> noise);

}  // namespace limner
