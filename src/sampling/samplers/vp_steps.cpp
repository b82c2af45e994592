#include "sampling/samplers/vp_steps.h"

#include <cmath>

namespace limner {

Result<bool> is_plain(const SamplerRequest& request) {
  return TRY(choose_noise_schedule(*request.training, request.schedule))->name == "plain";
}

Result<void> check_first_level(const TrainingSchedule& training, float alpha) {
  if (alpha > 0 || training.prediction != Prediction::epsilon) return {};
  return unsupported("sampler",
                     "the model's noisiest level holds no picture to divide an epsilon prediction by",
                     "try euler, which starts just below it");
}

Result<std::vector<VpStep>> vp_steps(const SamplerRequest& request, float final_alpha) {
  const TrainingSchedule& training = *request.training;
  const bool plain = TRY(is_plain(request));
  const SigmaSchedule levels =
      TRY(make_sigma_schedule(training, request.schedule, request.steps, ddim_rules()));
  std::vector<VpStep> steps;
  for (size_t i = 0; i < levels.timesteps.size(); ++i) {
    const float timestep = levels.timesteps[i], sigma = levels.sigmas[i];
    const float alpha =
        plain ? training.alphas_cumprod[static_cast<size_t>(timestep)] : 1 / (sigma * sigma + 1);
    if (!steps.empty()) steps.back().alpha_next = alpha;
    steps.push_back({timestep, alpha, final_alpha});
  }
  TRY(check_first_level(training, steps.front().alpha));
  return steps;
}

Evaluation vp_evaluation(float timestep, float alpha) {
  const VpLevel level = level_of(alpha);
  return {timestep, 1, level.alpha, level.sigma};
}

std::vector<Evaluation> vp_plan(std::span<const VpStep> steps) {
  std::vector<Evaluation> plan;
  for (const VpStep& step : steps) plan.push_back(vp_evaluation(step.timestep, step.alpha));
  return plan;
}

VpLevel level_of(float alpha) { return {std::sqrt(alpha), std::sqrt(1 - alpha), 0}; }

}  // namespace limner
