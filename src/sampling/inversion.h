#pragma once
// From a clean latent back to the noise it may have been drawn from.

#include <memory>

#include "base/result.h"
#include "sampling/sampler.h"

namespace limner {

/// DDIM run the other way (Song et al. 2020, arXiv:2010.02502, 4.3), as diffusers' DDIMInverseScheduler does
/// it: latent() begins as the clean latent and is noise after the last tell(), which draws none. Evaluations
/// are as many as `request.steps`, evenly spaced, noisier each time; `request.schedule`, `skip` and `eta` are
/// not read. It is asked like a sampler but is none that pictures are drawn with. `invalid` if there are more
/// steps than the model's training has.
Result<std::unique_ptr<Sampler>> make_ddim_inversion(const SamplerRequest& request);

}  // namespace limner
