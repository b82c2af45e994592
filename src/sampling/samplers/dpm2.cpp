// DPM-Solver-2 as k-diffusion writes it: the slope at the (logarithmic) middle of a step serves the whole
// step. Two evaluations a step, one in the last. Karras et al. 2022 (arXiv:2206.00364), algorithm 2 without
// churn, with the middle of Lu et al. 2022 (arXiv:2206.00927); diffusers' KDPM2DiscreteScheduler.

#include <algorithm>
#include <cmath>

#include "sampling/samplers/planned_sampler.h"
#include "sampling/samplers/sigma_clean.h"

namespace limner {
namespace {

// The sigma between each level and the next, halfway in log(sigma); 0 before the last level, which is 0.
std::vector<float> middles(std::span<const float> sigmas) {
  std::vector<float> middle(sigmas.size() - 1);
  for (size_t i = 0; i + 1 < sigmas.size(); ++i) {
    const float here = std::log(sigmas[i]), next = std::log(sigmas[i + 1]);
    middle[i] = std::exp(here - (here - next) * 0.5f);
  }
  return middle;
}

// Evaluations stand at level 0, its middle, level 1, its middle, ... up to the last level.
std::vector<Evaluation> dpm2_plan(const SigmaSchedule& levels, std::span<const float> middle,
                                  std::span<const double> middle_timesteps) {
  std::vector<Evaluation> plan;
  const std::vector<Evaluation> whole = sigma_plan(levels);
  for (size_t level = 0; level < whole.size(); ++level) {
    plan.push_back(whole[level]);
    if (level + 1 == whole.size()) break;
    // Noise for inpainting is that of the level to come, as in diffusers.
    plan.push_back({static_cast<float>(middle_timesteps[level]), std::sqrt(middle[level] * middle[level] + 1),
                    1, levels.sigmas[level + 1]});
  }
  return plan;
}

class Dpm2 final : public PlannedSampler {
 public:
  Dpm2(const SamplerRequest& request, const SigmaSchedule& levels, std::vector<float> middle, Plan plan)
      : PlannedSampler(request, std::move(plan), 1),
        prediction_(request.training->prediction),
        sigmas_(levels.sigmas),
        middle_(std::move(middle)) {}

 private:
  void advance(int index, std::span<const float> prediction, NoiseStream&) override {
    const bool at_middle = index % 2 == 1;
    const size_t from = static_cast<size_t>(index) / 2;
    const float sigma = at_middle ? middle_[from] : sigmas_[from];
    const float length = (at_middle ? sigmas_[from + 1] : middle_[from]) - sigmas_[from];
    const std::span<float> x = latent(), denoised = clean(), start = memory(0);
    sigma_clean(prediction_, sigma, x, prediction, denoised);
    if (!at_middle) std::ranges::copy(x, start.begin());
    for (size_t i = 0; i < x.size(); ++i) x[i] = start[i] + (x[i] - denoised[i]) / sigma * length;
  }

  Prediction prediction_;
  std::vector<float> sigmas_, middle_;
};

Result<std::unique_ptr<Sampler>> make_dpm2(const SamplerRequest& request) {
  const TrainingSchedule& training = *request.training;
  const SigmaSchedule levels =
      TRY(make_sigma_schedule(training, request.schedule, request.steps, kdpm2_rules()));
  TRY(check_request(request, static_cast<int>(levels.timesteps.size()), 1));
  std::vector<float> middle = middles(levels.sigmas);
  const auto timesteps = timesteps_of(training, std::vector<double>(middle.begin(), middle.end()));
  Plan plan = {dpm2_plan(levels, middle, timesteps), 2 * request.skip, levels.init_noise_sigma};
  return std::make_unique<Dpm2>(request, levels, std::move(middle), std::move(plan));
}

constexpr std::string_view kDpm2Aliases[] = {"dpm_2", "KDPM2DiscreteScheduler", "k_dpm_2"};

}  // namespace

extern const SamplerInfo kDpm2;
const SamplerInfo kDpm2 = {"dpm2", "DPM2",   kDpm2Aliases, "second order, by the slope halfway",
                           false,  make_dpm2};

}  // namespace limner
