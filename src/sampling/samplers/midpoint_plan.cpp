#include "sampling/samplers/midpoint_plan.h"

#include <cmath>

namespace limner {

Plan midpoint_plan(const SamplerRequest& request, const SigmaSchedule& levels, std::span<const float> middles,
                   std::span<const float> noise_at_middles, std::span<const double> timesteps) {
  Plan plan{.first = 2 * request.skip, .init_noise_sigma = levels.init_noise_sigma};
  const std::vector<Evaluation> starts = sigma_plan(levels);
  for (size_t step = 0; step < starts.size(); ++step) {
    plan.evaluations.push_back(starts[step]);
    if (step + 1 == starts.size()) break;
    const float divisor = std::sqrt(middles[step] * middles[step] + 1);
    plan.evaluations.push_back({static_cast<float>(timesteps[step]), divisor, 1, noise_at_middles[step]});
  }
  return plan;
}

}  // namespace limner
