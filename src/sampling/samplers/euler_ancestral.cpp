// Euler's method with fresh noise at each step: it steps below the next level and is noised back up to it.
// k-diffusion's sample_euler_ancestral; diffusers' EulerAncestralDiscreteScheduler (which has eta 1).

#include "sampling/samplers/planned_sampler.h"
#include "sampling/samplers/sigma_clean.h"

namespace limner {
namespace {

class EulerAncestral final : public PlannedSampler {
 public:
  EulerAncestral(const SamplerRequest& request, const SigmaSchedule& levels)
      : PlannedSampler(request, {sigma_plan(levels), request.skip, levels.init_noise_sigma}, 0),
        prediction_(request.training->prediction),
        eta_(request.eta < 0 ? 1 : request.eta),
        sigmas_(levels.sigmas) {}

 private:
  void advance(int step, std::span<const float> prediction, NoiseStream& noise) override {
    const float sigma = sigmas_[static_cast<size_t>(step)];
    const auto [down, up] = ancestral_step(sigma, sigmas_[static_cast<size_t>(step) + 1], eta_);
    const float length = down - sigma;
    const std::span<float> x = latent(), denoised = clean(), fresh = scratch();
    sigma_clean(prediction_, sigma, x, prediction, denoised);
    // diffusers draws for the last step too, though nothing of it is used.
    noise.normal(fresh);
    for (size_t i = 0; i < x.size(); ++i) x[i] = x[i] + (x[i] - denoised[i]) / sigma * length + fresh[i] * up;
  }

  Prediction prediction_;
  float eta_;
  std::vector<float> sigmas_;
};

Result<std::unique_ptr<Sampler>> make_euler_ancestral(const SamplerRequest& request) {
  const SigmaSchedule levels =
      TRY(make_sigma_schedule(*request.training, request.schedule, request.steps, k_diffusion_rules()));
  TRY(check_request(request, static_cast<int>(levels.timesteps.size()), 1));
  return std::make_unique<EulerAncestral>(request, levels);
}

constexpr std::string_view kEulerAncestralAliases[] = {"euler_a", "EulerAncestralDiscreteScheduler",
                                                       "k_euler_a"};

}  // namespace

extern const SamplerInfo kEulerAncestral;
const SamplerInfo kEulerAncestral = {"euler_ancestral",
                                     "Euler a",
                                     kEulerAncestralAliases,
                                     "Euler with fresh noise each step; more steps, another picture",
                                     true,
                                     make_euler_ancestral,
                                     true};

}  // namespace limner
