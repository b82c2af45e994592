// DDIM from the picture to the noise: equation 12 with eta 0, steps taken towards more noise. The network is
// told the level it is led to and sees the latent at the one before, the approximation of all such
// inversions.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sampling/inversion.h"
#include "sampling/samplers/vp_steps.h"

namespace limner {
namespace {

class DdimInversion final : public PlannedSampler {
 public:
  DdimInversion(const SamplerRequest& request, std::vector<VpStep> steps)
      : PlannedSampler(request, {vp_plan(steps), 0, 1}, 0),
        prediction_(request.training->prediction),
        steps_(std::move(steps)) {}

 private:
  void advance(int step, std::span<const float> prediction, NoiseStream&) override {
    const auto [timestep, alpha, next] = steps_[static_cast<size_t>(step)];
    const std::span<float> x = latent(), denoised = clean(), direction = scratch();
    vp_clean(prediction_, level_of(alpha), x, prediction, denoised);
    vp_noise(prediction_, level_of(alpha), x, prediction, direction);
    const float clean_weight = std::sqrt(next), noise_weight = std::sqrt(1 - next);
    for (size_t i = 0; i < x.size(); ++i) x[i] = clean_weight * denoised[i] + noise_weight * direction[i];
  }

  Prediction prediction_;
  std::vector<VpStep> steps_;
};

// Cleanest first, as DDIMInverseScheduler.set_timesteps has them.
std::vector<int> rising_timesteps(const TrainingSchedule& training, int steps) {
  std::vector<int> timesteps(static_cast<size_t>(steps));
  const int stride = training.train_timesteps / steps;
  const double exact = static_cast<double>(training.train_timesteps) / steps;
  for (int i = 0; i < steps; ++i) {
    // numpy rounds halves to even, as nearbyint does.
    const int trailing =
        static_cast<int>(std::nearbyint(training.train_timesteps - (steps - 1 - i) * exact)) - 1;
    const int leading = i * stride + training.steps_offset;
    timesteps[static_cast<size_t>(i)] = std::min(
        training.spacing == TimestepSpacing::leading ? leading : trailing, training.train_timesteps - 1);
  }
  return timesteps;
}

}  // namespace

Result<std::unique_ptr<Sampler>> make_ddim_inversion(const SamplerRequest& request) {
  const TrainingSchedule& training = *request.training;
  if (request.steps < 1 || request.steps > training.train_timesteps)
    return invalid("steps", fmt::format("{} is not within 1 to the model's {} training steps", request.steps,
                                        training.train_timesteps));
  TRY(check_request(
      {.training = request.training, .steps = request.steps, .latent_size = request.latent_size},
      request.steps, 0));
  const std::vector<float>& alphas = training.alphas_cumprod;
  // At the very end there is no noise to tell from the clean latent that some models predict.
  const bool to_one = training.set_alpha_to_one && training.prediction != Prediction::sample;
  const int stride = training.train_timesteps / request.steps;
  std::vector<VpStep> steps;
  for (const int timestep : rising_timesteps(training, request.steps)) {
    const int from = timestep - stride;
    const float alpha = from >= 0 ? alphas[static_cast<size_t>(from)] : to_one ? 1 : alphas.front();
    steps.push_back({static_cast<float>(timestep), alpha, alphas[static_cast<size_t>(timestep)]});
  }
  return std::make_unique<DdimInversion>(request, std::move(steps));
}

}  // namespace limner
