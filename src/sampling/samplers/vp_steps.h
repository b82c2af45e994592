#pragma once
// Steps between noise levels given as alpha products, as DDPM and its kin count them.

#include <vector>

#include "sampling/samplers/planned_sampler.h"
#include "sampling/samplers/vp_level.h"

namespace limner {

/// From the level where alphas_cumprod is `alpha` to the one where it is `alpha_next`.
struct VpStep {
  float timestep, alpha, alpha_next;
};

/// The steps of `request`, each to the level of the next, the last to `final_alpha`. With plain spacing
/// alphas are the training table's; other schedules have levels between the table's, alpha = 1 / (sigma^2 +
/// 1). `unsupported` if the first level is pure noise and the model predicts epsilon, which then says nothing
/// of the picture.
Result<std::vector<VpStep>> vp_steps(const SamplerRequest& request, float final_alpha);

/// Whether `request` means the model's own spacing.
Result<bool> is_plain(const SamplerRequest& request);

/// `unsupported` if `alpha` is 0 and the model predicts epsilon.
Result<void> check_first_level(const TrainingSchedule& training, float alpha);

/// One evaluation at the start of each step, for latents of variance 1.
std::vector<Evaluation> vp_plan(std::span<const VpStep> steps);

/// An evaluation of a latent of variance 1 at `timestep`, where alphas_cumprod is `alpha`.
Evaluation vp_evaluation(float timestep, float alpha);

/// sqrt(alpha) and sqrt(1 - alpha) of a product of alphas, in f32; lambda is not computed.
VpLevel level_of(float alpha);

}  // namespace limner
