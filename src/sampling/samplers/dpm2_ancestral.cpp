// DPM2 with fresh noise at each step: it steps below the next level, by the slope halfway down, and is noised
// back up. k-diffusion's sample_dpm_2_ancestral; diffusers' KDPM2AncestralDiscreteScheduler (which has eta
// 1).

#include <algorithm>
#include <cmath>

#include "sampling/samplers/planned_sampler.h"
#include "sampling/samplers/sigma_clean.h"

namespace limner {
namespace {

struct Dpm2AncestralStep {
  float sigma, middle, down, up;
};

std::vector<Dpm2AncestralStep> dpm2_ancestral_steps(const SigmaSchedule& levels, float eta) {
  std::vector<Dpm2AncestralStep> steps;
  const size_t count = levels.timesteps.size();
  for (size_t i = 0; i < count; ++i) {
    const float sigma = levels.sigmas[i];
    const auto [down, up] = ancestral_step(sigma, levels.sigmas[i + 1], eta);
    const float here = std::log(sigma), below = std::log(down);
    // The last step goes to 0 at once.
    const float middle = i + 1 == count ? 0 : std::exp(below - (below - here) * 0.5f);
    steps.push_back({sigma, middle, down, up});
  }
  return steps;
}

// Evaluations stand at level 0, its middle, level 1, its middle, ... up to the last level.
std::vector<Evaluation> dpm2_ancestral_plan(const TrainingSchedule& training, const SigmaSchedule& levels,
                                            std::span<const Dpm2AncestralStep> steps) {
  std::vector<double> middles;
  for (const Dpm2AncestralStep& step : steps) middles.push_back(step.middle);
  const std::vector<double> timesteps = timesteps_of(training, middles);
  const std::vector<Evaluation> whole = sigma_plan(levels);
  std::vector<Evaluation> plan;
  for (size_t level = 0; level < whole.size(); ++level) {
    plan.push_back(whole[level]);
    if (level + 1 == whole.size()) break;
    // Noise for inpainting is that of the level to come, as in diffusers.
    const float middle = steps[level].middle;
    plan.push_back(
        {static_cast<float>(timesteps[level]), std::sqrt(middle * middle + 1), 1, levels.sigmas[level + 1]});
  }
  return plan;
}

class Dpm2Ancestral final : public PlannedSampler {
 public:
  Dpm2Ancestral(const SamplerRequest& request, std::vector<Dpm2AncestralStep> steps, Plan plan)
      : PlannedSampler(request, std::move(plan), 1),
        prediction_(request.training->prediction),
        steps_(std::move(steps)) {}

 private:
  void advance(int index, std::span<const float> prediction, NoiseStream& noise) override {
    const bool at_middle = index % 2 == 1;
    const auto [sigma_from, middle, down, up] = steps_[static_cast<size_t>(index) / 2];
    const float sigma = at_middle ? middle : sigma_from;
    const float length = (at_middle ? down : middle) - sigma_from;
    const std::span<float> x = latent(), denoised = clean(), start = memory(0), fresh = scratch();
    sigma_clean(prediction_, sigma, x, prediction, denoised);
    if (!at_middle) std::ranges::copy(x, start.begin());
    for (size_t i = 0; i < x.size(); ++i) x[i] = start[i] + (x[i] - denoised[i]) / sigma * length;
    if (!at_middle) return;
    noise.normal(fresh);
    for (size_t i = 0; i < x.size(); ++i) x[i] = x[i] + fresh[i] * up;
  }

  Prediction prediction_;
  std::vector<Dpm2AncestralStep> steps_;
};

Result<std::unique_ptr<Sampler>> make_dpm2_ancestral(const SamplerRequest& request) {
  const TrainingSchedule& training = *request.training;
  const SigmaSchedule levels =
      TRY(make_sigma_schedule(training, request.schedule, request.steps, kdpm2_rules()));
  TRY(check_request(request, static_cast<int>(levels.timesteps.size()), 1));
  std::vector<Dpm2AncestralStep> steps = dpm2_ancestral_steps(levels, request.eta < 0 ? 1 : request.eta);
  Plan plan = {dpm2_ancestral_plan(training, levels, steps), 2 * request.skip, levels.init_noise_sigma};
  return std::make_unique<Dpm2Ancestral>(request, std::move(steps), std::move(plan));
}

constexpr std::string_view kDpm2AncestralAliases[] = {"dpm_2_ancestral", "KDPM2AncestralDiscreteScheduler",
                                                      "k_dpm_2_a"};

}  // namespace

extern const SamplerInfo kDpm2Ancestral;
const SamplerInfo kDpm2Ancestral = {
    "dpm2_ancestral",    "DPM2 a", kDpm2AncestralAliases, "DPM2 with fresh noise each step", true,
    make_dpm2_ancestral, true};

}  // namespace limner
