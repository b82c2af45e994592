// Denoising diffusion implicit models. Song et al. 2020 (arXiv:2010.02502), equations 12 and 16; diffusers'
// DDIMScheduler. eta 0 draws no noise, eta 1 is DDPM's amount.

#include <algorithm>
#include <cmath>

#include "sampling/samplers/clean_limit.h"
#include "sampling/samplers/vp_steps.h"

namespace limner {
namespace {

class Ddim final : public PlannedSampler {
 public:
  Ddim(const SamplerRequest& request, std::vector<VpStep> steps)
      : PlannedSampler(request, {vp_plan(steps), request.skip, 1}, 0),
        prediction_(request.training->prediction),
        limit_(*request.training),
        eta_(request.eta < 0 ? 0 : request.eta),
        steps_(std::move(steps)) {}

 private:
  void advance(int step, std::span<const float> prediction, NoiseStream& noise) override {
    const auto [timestep, alpha, next] = steps_[static_cast<size_t>(step)];
    const std::span<float> x = latent(), denoised = clean(), direction = scratch();
    vp_clean(prediction_, level_of(alpha), x, prediction, denoised);
    limit_.apply(denoised, direction);
    vp_noise(prediction_, level_of(alpha), x, prediction, direction);

    // A schedule whose last level is below the model's own smallest steps towards more noise at the end.
    const float variance = std::max((1 - next) / (1 - alpha) * (1 - alpha / next), 0.0f);
    const float deviation = eta_ * std::sqrt(variance);
    const float clean_weight = std::sqrt(next);
    const float direction_weight = std::sqrt(1 - next - deviation * deviation);
    for (size_t i = 0; i < x.size(); ++i) x[i] = clean_weight * denoised[i] + direction_weight * direction[i];
    if (eta_ == 0) return;
    noise.normal(direction);
    for (size_t i = 0; i < x.size(); ++i) x[i] = x[i] + deviation * direction[i];
  }

  Prediction prediction_;
  CleanLimit limit_;
  float eta_;
  std::vector<VpStep> steps_;
};

// With plain spacing diffusers does not step to the next timestep but by one stride, which under linspace and
// trailing spacing is not quite the same.
void step_by_stride(std::vector<VpStep>& steps, const TrainingSchedule& training, int step_count,
                    float final_alpha) {
  const int stride = training.train_timesteps / step_count;
  for (VpStep& step : steps) {
    const int next = static_cast<int>(step.timestep) - stride;
    step.alpha_next = next >= 0 ? training.alphas_cumprod[static_cast<size_t>(next)] : final_alpha;
  }
}

Result<std::unique_ptr<Sampler>> make_ddim(const SamplerRequest& request) {
  const TrainingSchedule& training = *request.training;
  const float final_alpha = training.set_alpha_to_one ? 1 : training.alphas_cumprod.front();
  std::vector<VpStep> steps = TRY(vp_steps(request, final_alpha));
  TRY(check_request(request, static_cast<int>(steps.size()), 1));
  if (TRY(is_plain(request))) step_by_stride(steps, training, request.steps, final_alpha);
  return std::make_unique<Ddim>(request, std::move(steps));
}

constexpr std::string_view kDdimAliases[] = {"DDIMScheduler"};

}  // namespace

extern const SamplerInfo kDdim;
const SamplerInfo kDdim = {"ddim", "DDIM",    kDdimAliases, "the classic; eta adds noise",
                           true,   make_ddim, true};

}  // namespace limner
