#pragma once

#include <vector>

#include "sampling/sampler.h"

namespace limner {

/// The whole timesteps at which a consistency-distilled model is evaluated, noisiest first. Plain spacing
/// picks from the timesteps it was distilled at (original_inference_steps, 50 unless the config says
/// otherwise), as diffusers' LCMScheduler and TCDScheduler do; other schedules give their own, rounded.
/// `invalid` with field "steps" if there are more steps than it was distilled at.
Result<std::vector<int>> distilled_timesteps(const SamplerRequest& request);

}  // namespace limner
