// Euler's method: one evaluation a step along the tangent. Karras et al. 2022 (arXiv:2206.00364), algorithm 2
// without churn; diffusers' EulerDiscreteScheduler.

#include "sampling/samplers/planned_sampler.h"
#include "sampling/samplers/sigma_clean.h"

namespace limner {
namespace {

class Euler final : public PlannedSampler {
 public:
  Euler(const SamplerRequest& request, const SigmaSchedule& levels)
      : PlannedSampler(request, {sigma_plan(levels), request.skip, levels.init_noise_sigma}, 0),
        prediction_(request.training->prediction),
        sigmas_(levels.sigmas) {}

 private:
  void advance(int step, std::span<const float> prediction, NoiseStream&) override {
    const float sigma = sigmas_[static_cast<size_t>(step)];
    const float length = sigmas_[static_cast<size_t>(step) + 1] - sigma;
    const std::span<float> x = latent(), denoised = clean();
    sigma_clean(prediction_, sigma, x, prediction, denoised);
    for (size_t i = 0; i < x.size(); ++i) x[i] = x[i] + (x[i] - denoised[i]) / sigma * length;
  }

  Prediction prediction_;
  std::vector<float> sigmas_;
};

Result<std::unique_ptr<Sampler>> make_euler(const SamplerRequest& request) {
  const TrainingSchedule& training = *request.training;
  const SigmaSchedule levels =
      TRY(make_sigma_schedule(training, request.schedule, request.steps, euler_rules(training)));
  TRY(check_request(request, static_cast<int>(levels.timesteps.size()), 1));
  return std::make_unique<Euler>(request, levels);
}

constexpr std::string_view kEulerAliases[] = {"EulerDiscreteScheduler", "k_euler"};

}  // namespace

extern const SamplerInfo kEuler;
const SamplerInfo kEuler = {"euler", "Euler",   kEulerAliases, "the plainest; fast and predictable",
                            false,   make_euler};

}  // namespace limner
