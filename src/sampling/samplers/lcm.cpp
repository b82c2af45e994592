// Multistep sampling of latent consistency models: jump to the clean latent, noise it to the next level,
// again. Luo et al. 2023 (arXiv:2310.04378), algorithm 3; diffusers' LCMScheduler.

#include <algorithm>
#include <cmath>

#include "sampling/samplers/clean_limit.h"
#include "sampling/samplers/distilled_timesteps.h"
#include "sampling/samplers/vp_steps.h"

namespace limner {
namespace {

constexpr float kSigmaData = 0.5f;
constexpr double kTimestepScaling = 10;

class Lcm final : public PlannedSampler {
 public:
  Lcm(const SamplerRequest& request, std::vector<VpStep> steps, float timestep_scaling)
      : PlannedSampler(request, {vp_plan(steps), request.skip, 1}, 0),
        prediction_(request.training->prediction),
        limit_(*request.training),
        timestep_scaling_(timestep_scaling),
        steps_(std::move(steps)) {}

 private:
  void advance(int step, std::span<const float> prediction, NoiseStream& noise) override {
    const auto [timestep, alpha, next] = steps_[static_cast<size_t>(step)];
    const std::span<float> x = latent(), denoised = clean(), fresh = scratch();
    vp_clean(prediction_, level_of(alpha), x, prediction, denoised);
    limit_.apply(denoised, fresh);

    // The boundary condition of consistency models: at timestep 0 the network's answer does not count.
    const float scaled = timestep * timestep_scaling_;
    const float spread = scaled * scaled + kSigmaData * kSigmaData;
    const float skip_weight = kSigmaData * kSigmaData / spread, out_weight = scaled / std::sqrt(spread);
    for (size_t i = 0; i < x.size(); ++i) denoised[i] = out_weight * denoised[i] + skip_weight * x[i];
    if (static_cast<size_t>(step) + 1 == steps_.size()) {
      std::ranges::copy(denoised, x.begin());
      return;
    }
    noise.normal(fresh);
    const VpLevel level = level_of(next);
    for (size_t i = 0; i < x.size(); ++i) x[i] = level.alpha * denoised[i] + level.sigma * fresh[i];
  }

  Prediction prediction_;
  CleanLimit limit_;
  float timestep_scaling_;
  std::vector<VpStep> steps_;
};

Result<std::unique_ptr<Sampler>> make_lcm(const SamplerRequest& request) {
  const TrainingSchedule& training = *request.training;
  const std::vector<int> timesteps = TRY(distilled_timesteps(request));
  TRY(check_request(request, static_cast<int>(timesteps.size()), 1));
  std::vector<VpStep> steps;
  for (const int timestep : timesteps) {
    const float alpha = training.alphas_cumprod[static_cast<size_t>(timestep)];
    if (!steps.empty()) steps.back().alpha_next = alpha;
    steps.push_back({static_cast<float>(timestep), alpha, alpha});
  }
  TRY(check_first_level(training, steps.front().alpha));
  const auto scaling = training.raw.find("timestep_scaling");
  const bool specified = scaling != training.raw.end() && scaling->is_number();
  const double timestep_scaling = specified ? scaling->get<double>() : kTimestepScaling;
  return std::make_unique<Lcm>(request, std::move(steps), static_cast<float>(timestep_scaling));
}

constexpr std::string_view kLcmAliases[] = {"LCMScheduler"};

}  // namespace

extern const SamplerInfo kLcm;
const SamplerInfo kLcm = {
    "lcm", "LCM", kLcmAliases, "for consistency-distilled models and LoRAs; 1 to 8 steps", true, make_lcm};

}  // namespace limner
