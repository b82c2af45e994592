// Heun's second-order method: a trial step, then the mean of the slopes at both ends. Two evaluations a step,
// one in the last. Karras et al. 2022 (arXiv:2206.00364), algorithm 1 without churn; diffusers'
// HeunDiscreteScheduler.

#include "sampling/samplers/clean_limit.h"
#include "sampling/samplers/planned_sampler.h"
#include "sampling/samplers/sigma_clean.h"

namespace limner {
namespace {

// Evaluations stand at levels 0, 1, 1, 2, 2, ...: the odd ones correct the trial step to that level.
std::vector<Evaluation> doubled(const std::vector<Evaluation>& levels) {
  std::vector<Evaluation> plan;
  for (size_t level = 0; level < levels.size(); ++level)
    plan.insert(plan.end(), level == 0 ? 1 : 2, levels[level]);
  return plan;
}

class Heun final : public PlannedSampler {
 public:
  Heun(const SamplerRequest& request, const SigmaSchedule& levels)
      : PlannedSampler(request, {doubled(sigma_plan(levels)), 2 * request.skip, levels.init_noise_sigma}, 2),
        prediction_(request.training->prediction),
        limit_(*request.training),
        sigmas_(levels.sigmas) {}

 private:
  void advance(int index, std::span<const float> prediction, NoiseStream&) override {
    const bool correcting = index % 2 == 1;
    const size_t from = static_cast<size_t>(index) / 2;
    const float sigma = sigmas_[from + (correcting ? 1 : 0)];
    const float length = sigmas_[from + 1] - sigmas_[from];
    const std::span<float> x = latent(), denoised = clean(), start = memory(0), slope = memory(1);
    sigma_clean(prediction_, sigma, x, prediction, denoised);
    limit_.clip(denoised);
    if (correcting) {
      for (size_t i = 0; i < x.size(); ++i)
        x[i] = start[i] + (slope[i] + (x[i] - denoised[i]) / sigma) / 2 * length;
      return;
    }
    for (size_t i = 0; i < x.size(); ++i) {
      start[i] = x[i];
      slope[i] = (x[i] - denoised[i]) / sigma;
      x[i] = x[i] + slope[i] * length;
    }
  }

  Prediction prediction_;
  CleanLimit limit_;
  std::vector<float> sigmas_;
};

Result<std::unique_ptr<Sampler>> make_heun(const SamplerRequest& request) {
  const SigmaSchedule levels =
      TRY(make_sigma_schedule(*request.training, request.schedule, request.steps, k_diffusion_rules()));
  TRY(check_request(request, static_cast<int>(levels.timesteps.size()), 1));
  return std::make_unique<Heun>(request, levels);
}

constexpr std::string_view kHeunAliases[] = {"HeunDiscreteScheduler", "k_heun"};

}  // namespace

extern const SamplerInfo kHeun;
const SamplerInfo kHeun = {
    "heun", "Heun", kHeunAliases, "second order; half the steps, twice the work each", false, make_heun};

}  // namespace limner
