#pragma once

#include <span>

#include "sampling/training_schedule.h"

namespace limner {

/// clean = the clean latent behind x = clean + sigma * noise if the network, shown x / sqrt(sigma^2 + 1),
/// said `prediction`. All [element]; f32 in the order of operations of diffusers' EulerDiscreteScheduler.
/// Karras et al. 2022 (arXiv:2206.00364), section 5 and table 1; v: Salimans and Ho 2022 (arXiv:2202.00512),
/// appendix D.
void sigma_clean(Prediction kind, float sigma, std::span<const float> x, std::span<const float> prediction,
                 std::span<float> clean);

/// The part of a step from sigma_from to sigma_to that is deterministic ends at `down`; noise of size `up`
/// makes up for the rest. `eta` scales the noise: 1 is diffusers, 0 no noise. k-diffusion's
/// get_ancestral_step.
struct AncestralStep {
  float down, up;
};
AncestralStep ancestral_step(float sigma_from, float sigma_to, float eta);

}  // namespace limner
