// DPM++ SDE: the single-step SDE-DPM-Solver++ of second order. Both halves of a step start at its beginning:
// the first goes to its middle in log(sigma), the second to its end by the clean latent estimated at the
// middle. Two evaluations a step, one in the last. Lu et al. 2022 (arXiv:2211.01095); k-diffusion's
// sample_dpmpp_sde; diffusers' DPMSolverSDEScheduler.
//
// Noise comes from a Brownian tree seeded with the picture's seed, not from its stream. diffusers' pipelines
// leave noise_sampler_seed unset and so draw another one every time; a picture equals theirs if it is set to
// the picture's seed.

#include <algorithm>
#include <cmath>
#include <optional>

#include "sampling/noise/brownian_tree.h"
#include "sampling/samplers/midpoint_plan.h"
#include "sampling/samplers/sigma_clean.h"

namespace limner {
namespace {

// Times are -log(sigma). Rounded from f64: the tree is queried where exp(-t) lies, and a last bit there is a
// noise 1e-3 away. PyTorch's f32 log and exp differ in that bit from CPU to CPU; these are right on every
// one.
float time_of(float sigma) { return static_cast<float>(-std::log(double{sigma})); }
float sigma_at(float t) { return static_cast<float>(std::exp(-double{t})); }

/// x <- latent * x + clean * denoised + up * noise, the Brownian increment from one sigma to the other.
struct HalfStep {
  float from, to, latent, clean, up;
};

HalfStep half_step(float t, float t_next, float eta) {
  const float from = sigma_at(t), to = sigma_at(t_next);
  const auto [down, up] = ancestral_step(from, to, eta);
  const float t_down = time_of(down);
  return {from, to, sigma_at(t_down) / from, -std::expm1(t - t_down), up};
}

struct DpmppSdeStep {
  float sigma, middle;
  HalfStep to_middle, to_end;
};

std::vector<DpmppSdeStep> dpmpp_sde_steps(const SigmaSchedule& levels, float eta) {
  std::vector<DpmppSdeStep> steps;
  for (size_t i = 0; i < levels.timesteps.size(); ++i) {
    const float t = time_of(levels.sigmas[i]), t_next = time_of(levels.sigmas[i + 1]);
    const float t_middle = t + (t_next - t) * 0.5f;
    steps.push_back(
        {levels.sigmas[i], sigma_at(t_middle), half_step(t, t_middle, eta), half_step(t, t_next, eta)});
  }
  return steps;
}

// The network is told the middle's timestep as numpy computes it, in f64; all else is f32.
Plan dpmpp_sde_plan(const SamplerRequest& request, const SigmaSchedule& levels,
                    std::span<const DpmppSdeStep> steps) {
  std::vector<float> middles;
  std::vector<double> exact_middles;
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    const double t = -std::log(double{levels.sigmas[i]}), t_next = -std::log(double{levels.sigmas[i + 1]});
    exact_middles.push_back(std::exp(-(t + (t_next - t) * 0.5)));
    middles.push_back(steps[i].middle);
  }
  // Noise for inpainting is that of the level to come, as in diffusers.
  const std::span<const float> levels_to_come = std::span(levels.sigmas).subspan(1);
  return midpoint_plan(request, levels, middles, levels_to_come,
                       timesteps_of(*request.training, exact_middles));
}

class DpmppSde final : public PlannedSampler {
 public:
  DpmppSde(const SamplerRequest& request, std::vector<DpmppSdeStep> steps, Plan plan)
      : PlannedSampler(request, std::move(plan), 1),
        prediction_(request.training->prediction),
        steps_(std::move(steps)) {
    if (steps_.size() > 1)
      tree_.emplace(request.seed, steps_.back().sigma, steps_.front().sigma, request.latent_size);
  }

 private:
  void advance(int index, std::span<const float> prediction, NoiseStream&) override {
    const DpmppSdeStep& step = steps_[step_of(index)];
    const std::span<float> x = latent(), denoised = clean(), start = memory(0);
    sigma_clean(prediction_, at_middle(index) ? step.middle : step.sigma, x, prediction, denoised);
    if (step_of(index) + 1 == steps_.size()) {
      for (size_t i = 0; i < x.size(); ++i) x[i] = x[i] + (x[i] - denoised[i]) / step.sigma * -step.sigma;
      return;
    }
    if (!at_middle(index)) std::ranges::copy(x, start.begin());
    make_half_step(at_middle(index) ? step.to_end : step.to_middle);
  }

  void make_half_step(const HalfStep& half) {
    const std::span<float> x = latent(), denoised = clean(), start = memory(0), noise = scratch();
    tree_->noise(half.from, half.to, noise);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = half.latent * start[i] + half.clean * denoised[i] + noise[i] * half.up;
  }

  Prediction prediction_;
  std::vector<DpmppSdeStep> steps_;
  std::optional<BrownianTree>
      tree_;  ///< over all noise levels; a drawing of one step goes to 0 without noise
};

// A model's own numbers decide the noise levels: equal ones, or such as no picture needs, are no path.
Result<void> check_path(const SigmaSchedule& levels) {
  constexpr float kSigmaMax = 1e6f;
  const size_t steps = levels.timesteps.size();
  if (steps < 2) return {};
  const float low = levels.sigmas[steps - 1], high = levels.sigmas[0];
  if (low < high && high <= kSigmaMax) return {};
  return unsupported("sampler",
                     "dpmpp_sde cannot walk between the noise levels that this model's schedule has",
                     "choose another sampler or schedule");
}

Result<std::unique_ptr<Sampler>> make_dpmpp_sde(const SamplerRequest& request) {
  const SigmaSchedule levels =
      TRY(make_sigma_schedule(*request.training, request.schedule, request.steps, dpm_sde_rules()));
  TRY(check_request(request, static_cast<int>(levels.timesteps.size()), 1));
  TRY(check_path(levels));
  std::vector<DpmppSdeStep> steps = dpmpp_sde_steps(levels, request.eta < 0 ? 1 : request.eta);
  Plan plan = dpmpp_sde_plan(request, levels, steps);
  return std::make_unique<DpmppSde>(request, std::move(steps), std::move(plan));
}

constexpr std::string_view kDpmppSdeAliases[] = {"DPMSolverSDEScheduler", "dpmpp_sde_gpu", "k_dpmpp_sde"};

}  // namespace

extern const SamplerInfo kDpmppSde;
const SamplerInfo kDpmppSde = {"dpmpp_sde",
                               "DPM++ SDE",
                               kDpmppSdeAliases,
                               "second-order single-step solver along a Brownian path",
                               false,
                               make_dpmpp_sde,
                               true};

}  // namespace limner
