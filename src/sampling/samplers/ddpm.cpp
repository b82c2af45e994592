// Ancestral sampling of denoising diffusion probabilistic models. Ho et al. 2020 (arXiv:2006.11239),
// equations 6 and 7; diffusers' DDPMScheduler.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sampling/samplers/clean_limit.h"
#include "sampling/samplers/vp_steps.h"

namespace limner {
namespace {

class Ddpm final : public PlannedSampler {
 public:
  /// `large`: the noise of a step has variance beta (an upper bound) instead of the posterior's (the lower
  /// one).
  Ddpm(const SamplerRequest& request, std::vector<VpStep> steps, bool large)
      : PlannedSampler(request, {vp_plan(steps), request.skip, 1}, 0),
        prediction_(request.training->prediction),
        limit_(*request.training),
        large_(large),
        steps_(std::move(steps)) {}

 private:
  void advance(int step, std::span<const float> prediction, NoiseStream& noise) override {
    const auto [timestep, alpha, next] = steps_[static_cast<size_t>(step)];
    const std::span<float> x = latent(), denoised = clean(), fresh = scratch();
    vp_clean(prediction_, level_of(alpha), x, prediction, denoised);
    limit_.apply(denoised, fresh);

    const float step_alpha = alpha / next, step_beta = 1 - step_alpha;
    const float clean_weight = std::sqrt(next) * step_beta / (1 - alpha);
    const float latent_weight = std::sqrt(step_alpha) * (1 - next) / (1 - alpha);
    for (size_t i = 0; i < x.size(); ++i) x[i] = clean_weight * denoised[i] + latent_weight * x[i];
    if (timestep == 0) return;
    noise.normal(fresh);
    const float posterior = std::max((1 - next) / (1 - alpha) * step_beta, 1e-20f);
    const float deviation = std::sqrt(large_ ? step_beta : posterior);
    for (size_t i = 0; i < x.size(); ++i) x[i] = x[i] + deviation * fresh[i];
  }

  Prediction prediction_;
  CleanLimit limit_;
  bool large_;
  std::vector<VpStep> steps_;
};

Result<std::unique_ptr<Sampler>> make_ddpm(const SamplerRequest& request) {
  const Json& raw = request.training->raw;
  const auto variance = raw.find("variance_type");
  const bool large = variance != raw.end() && variance->is_string() && *variance == "fixed_large";
  std::vector<VpStep> steps = TRY(vp_steps(request, 1));
  TRY(check_request(request, static_cast<int>(steps.size()), 1));
  return std::make_unique<Ddpm>(request, std::move(steps), large);
}

constexpr std::string_view kDdpmAliases[] = {"DDPMScheduler"};

}  // namespace

extern const SamplerInfo kDdpm;
const SamplerInfo kDdpm = {"ddpm", "DDPM", kDdpmAliases, "the original; wants many steps", true, make_ddpm};

}  // namespace limner
