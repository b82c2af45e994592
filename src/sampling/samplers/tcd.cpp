// Strategic stochastic sampling of trajectory consistency models: jump past the next level, noise back up to
// it. Zheng et al. 2024 (arXiv:2402.19159), algorithm 4; diffusers' TCDScheduler. eta is the paper's gamma: 0
// draws no noise, 1 jumps to the clean latent each time.

#include <cmath>

#include "sampling/samplers/distilled_timesteps.h"
#include "sampling/samplers/vp_steps.h"

namespace limner {
namespace {

constexpr double kEta = 0.3;  // diffusers' default

// From alpha to alpha_past, the far end of the jump, and back up to alpha_next.
struct Jump {
  float timestep, alpha, past, next;
};

class Tcd final : public PlannedSampler {
 public:
  Tcd(const SamplerRequest& request, std::vector<Jump> jumps, bool noisy, Plan plan)
      : PlannedSampler(request, std::move(plan), 0),
        prediction_(request.training->prediction),
        noisy_(noisy),
        jumps_(std::move(jumps)) {}

 private:
  void advance(int step, std::span<const float> prediction, NoiseStream& noise) override {
    const auto [timestep, alpha, past, next] = jumps_[static_cast<size_t>(step)];
    const std::span<float> x = latent(), denoised = clean(), direction = scratch();
    vp_clean(prediction_, level_of(alpha), x, prediction, denoised);
    vp_noise(prediction_, level_of(alpha), x, prediction, direction);
    const VpLevel landing = level_of(past);
    for (size_t i = 0; i < x.size(); ++i) x[i] = landing.alpha * denoised[i] + landing.sigma * direction[i];
    if (!noisy_ || static_cast<size_t>(step) + 1 == jumps_.size()) return;
    noise.normal(direction);
    const float latent_weight = std::sqrt(next / past), noise_weight = std::sqrt(1 - next / past);
    for (size_t i = 0; i < x.size(); ++i) x[i] = latent_weight * x[i] + noise_weight * direction[i];
  }

  Prediction prediction_;
  bool noisy_;
  std::vector<Jump> jumps_;
};

Result<std::unique_ptr<Sampler>> make_tcd(const SamplerRequest& request) {
  const TrainingSchedule& training = *request.training;
  const double eta = request.eta < 0 ? kEta : request.eta;
  const std::vector<int> timesteps = TRY(distilled_timesteps(request));
  TRY(check_request(request, static_cast<int>(timesteps.size()), 1));
  const auto alpha_at = [&](int timestep) { return training.alphas_cumprod[static_cast<size_t>(timestep)]; };
  std::vector<Jump> jumps;
  Plan plan = {.first = request.skip};
  for (size_t i = 0; i < timesteps.size(); ++i) {
    const int here = timesteps[i], next = i + 1 < timesteps.size() ? timesteps[i + 1] : 0;
    const int past = static_cast<int>(static_cast<float>(1 - eta) * static_cast<float>(next));
    jumps.push_back({static_cast<float>(here), alpha_at(here), alpha_at(past), alpha_at(next)});
    plan.evaluations.push_back(vp_evaluation(static_cast<float>(here), alpha_at(here)));
  }
  TRY(check_first_level(training, jumps.front().alpha));
  return std::make_unique<Tcd>(request, std::move(jumps), eta > 0, std::move(plan));
}

constexpr std::string_view kTcdAliases[] = {"TCDScheduler"};

}  // namespace

extern const SamplerInfo kTcd;
const SamplerInfo kTcd = {
    "tcd", "TCD",    kTcdAliases, "for trajectory-consistency models and LoRAs; eta is gamma",
    true,  make_tcd, true};

}  // namespace limner
