#pragma once

#include <span>

#include "sampling/samplers/planned_sampler.h"

namespace limner {

/// The plan of a solver that evaluates every step at its start and at a middle sigma, the last only at its
/// start: level 0, its middle, level 1, its middle, ... up to the last level. middles             the middle
/// sigma of every step but the last. noise_at_middles    the sigma whose noise stands in for the latent there
/// (Evaluation::noise_weight). timesteps           what the network is told at the middles.
Plan midpoint_plan(const SamplerRequest& request, const SigmaSchedule& levels, std::span<const float> middles,
                   std::span<const float> noise_at_middles, std::span<const double> timesteps);

/// Whether evaluation `index` of such a plan is at a middle, and which step it belongs to.
inline bool at_middle(int index) { return index % 2 == 1; }
inline size_t step_of(int index) { return static_cast<size_t>(index) / 2; }

}  // namespace limner
