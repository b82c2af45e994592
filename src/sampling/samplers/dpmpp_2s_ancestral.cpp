// DPM++ 2S a: the single-step DPM-Solver++ of second order with fresh noise at each step: it steps below the
// next level, by the clean latent estimated halfway down in log(sigma), and is noised back up. Two
// evaluations a step, one in the last. Lu et al. 2022 (arXiv:2211.01095), Algorithm 1; k-diffusion's
// sample_dpmpp_2s_ancestral. diffusers has no such class.

#include <algorithm>
#include <cmath>

#include "sampling/samplers/midpoint_plan.h"
#include "sampling/samplers/sigma_clean.h"

namespace limner {
namespace {

/// From `sigma` down to ancestral_step()'s `down`; a half step is x <- latent * x + clean * denoised.
struct Dpmpp2sAncestralStep {
  float sigma, middle, up;
  float latent_half, clean_half, latent, clean;
};

std::vector<Dpmpp2sAncestralStep> dpmpp_2s_ancestral_steps(const SigmaSchedule& levels, float eta) {
  std::vector<Dpmpp2sAncestralStep> steps;
  for (size_t i = 0; i < levels.timesteps.size(); ++i) {
    const float sigma = levels.sigmas[i];
    const auto [down, up] = ancestral_step(sigma, levels.sigmas[i + 1], eta);
    const float t = -std::log(sigma), h = -std::log(down) - t;
    const float at = std::exp(-t), middle = std::exp(-(t + 0.5f * h)), end = std::exp(-(t + h));
    steps.push_back({.sigma = sigma,
                     .middle = middle,
                     .up = up,
                     .latent_half = middle / at,
                     .clean_half = -std::expm1(-h * 0.5f),
                     .latent = end / at,
                     .clean = -std::expm1(-h)});
  }
  return steps;
}

Plan dpmpp_2s_ancestral_plan(const SamplerRequest& request, const SigmaSchedule& levels,
                             std::span<const Dpmpp2sAncestralStep> steps) {
  std::vector<float> middles;
  for (const Dpmpp2sAncestralStep& step : steps.first(steps.size() - 1)) middles.push_back(step.middle);
  const auto timesteps = timesteps_of(*request.training, std::vector<double>(middles.begin(), middles.end()));
  return midpoint_plan(request, levels, middles, middles, timesteps);
}

class Dpmpp2sAncestral final : public PlannedSampler {
 public:
  Dpmpp2sAncestral(const SamplerRequest& request, std::vector<Dpmpp2sAncestralStep> steps, Plan plan)
      : PlannedSampler(request, std::move(plan), 1),
        prediction_(request.training->prediction),
        steps_(std::move(steps)) {}

 private:
  void advance(int index, std::span<const float> prediction, NoiseStream& noise) override {
    const Dpmpp2sAncestralStep& step = steps_[step_of(index)];
    const std::span<float> x = latent(), denoised = clean(), start = memory(0);
    sigma_clean(prediction_, at_middle(index) ? step.middle : step.sigma, x, prediction, denoised);
    if (step_of(index) + 1 == steps_.size()) {
      for (size_t i = 0; i < x.size(); ++i) x[i] = x[i] + (x[i] - denoised[i]) / step.sigma * -step.sigma;
      return;
    }
    if (!at_middle(index)) {
      std::ranges::copy(x, start.begin());
      for (size_t i = 0; i < x.size(); ++i) x[i] = step.latent_half * x[i] + step.clean_half * denoised[i];
      return;
    }
    const std::span<float> fresh = scratch();
    noise.normal(fresh);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = step.latent * start[i] + step.clean * denoised[i] + fresh[i] * step.up;
  }

  Prediction prediction_;
  std::vector<Dpmpp2sAncestralStep> steps_;
};

Result<std::unique_ptr<Sampler>> make_dpmpp_2s_ancestral(const SamplerRequest& request) {
  const SigmaSchedule levels =
      TRY(make_sigma_schedule(*request.training, request.schedule, request.steps, k_diffusion_rules()));
  TRY(check_request(request, static_cast<int>(levels.timesteps.size()), 1));
  std::vector<Dpmpp2sAncestralStep> steps =
      dpmpp_2s_ancestral_steps(levels, request.eta < 0 ? 1 : request.eta);
  Plan plan = dpmpp_2s_ancestral_plan(request, levels, steps);
  return std::make_unique<Dpmpp2sAncestral>(request, std::move(steps), std::move(plan));
}

constexpr std::string_view kDpmpp2sAncestralAliases[] = {"k_dpmpp_2s_a"};

}  // namespace

extern const SamplerInfo kDpmpp2sAncestral;
const SamplerInfo kDpmpp2sAncestral = {"dpmpp_2s_ancestral",
                                       "DPM++ 2S a",
                                       kDpmpp2sAncestralAliases,
                                       "second-order single-step solver with fresh noise at each step",
                                       true,
                                       make_dpmpp_2s_ancestral,
                                       true};

}  // namespace limner
