#include "sampling/samplers/vp_multistep.h"

#include <algorithm>

#include "base/check.h"

namespace limner {
namespace {

Plan vp_plan(const SamplerRequest& request, const SigmaSchedule& schedule) {
  Plan plan{.first = request.skip, .init_noise_sigma = schedule.init_noise_sigma};
  for (size_t step = 0; step < schedule.timesteps.size(); ++step) {
    const VpLevel level = vp_level(schedule.sigmas[step]);
    plan.evaluations.push_back({schedule.timesteps[step], 1, level.alpha, level.sigma});
  }
  return plan;
}

}  // namespace

VpMultistep::VpMultistep(const SamplerRequest& request, const SigmaSchedule& schedule, int history,
                         bool keeps_last_latent)
    : PlannedSampler(request, vp_plan(request, schedule), history + (keeps_last_latent ? 1 : 0)),
      prediction_(request.training->prediction),
      thresholding_(request.training->thresholding),
      limit_(*request.training),
      history_(history) {
  LIMNER_CHECK(history >= 1, "a step needs its own output");
  for (const float sigma : schedule.sigmas) levels_.push_back(vp_level(sigma));
}

std::vector<VpLevel> VpMultistep::levels_until(int step, int count) const {
  std::vector<VpLevel> past;
  for (int back = 0; back < count; ++back) past.push_back(level(step - back));
  return past;
}

int VpMultistep::order_limit(int step, bool falls_at_end) const {
  const int known = step - first() + 1, left = step_count() - step;
  return falls_at_end ? std::min(known, left) : known;
}

void VpMultistep::write_output(int step, std::span<const float> prediction, Output kind) {
  const std::span<float> output = memory(step % history_);
  vp_clean(prediction_, level(step), latent(), prediction, clean());
  if (thresholding_) limit_.apply(clean(), scratch());
  // A thresholded estimate changes the noise too; else the network's word is taken as it is.
  if (kind == Output::noise && !thresholding_)
    return vp_noise(prediction_, level(step), latent(), prediction, output);
  if (kind == Output::clean) {
    std::ranges::copy(clean(), output.begin());
  } else {
    vp_noise(Prediction::sample, level(step), latent(), clean(), output);
  }
}

Outputs VpMultistep::outputs_until(int newest) {
  Outputs outputs;
  for (int back = 0; back < std::min(history_, kSolverOrderMax) && newest - back >= first(); ++back)
    outputs[static_cast<size_t>(back)] = memory((newest - back) % history_);
  return outputs;
}

}  // namespace limner
