#pragma once
// Fields of other programs' requests that become a job's fields as they are.

#include "base/json.h"
#include "base/result.h"

namespace limner {

/// Names of a job's fields, for template arguments.
namespace job_field {
inline constexpr char kModel[] = "model", kSeed[] = "seed", kNegative[] = "negative", kSteps[] = "steps",
                      kGuidance[] = "guidance", kSampler[] = "sampler", kSchedule[] = "schedule",
                      kWidth[] = "width", kHeight[] = "height", kStrength[] = "strength", kEta[] = "eta",
                      kVariationSeed[] = "variation_seed", kVariationStrength[] = "variation_strength",
                      kHiresScale[] = "hires_scale", kHiresSteps[] = "hires_steps",
                      kImageGuidance[] = "image_guidance", kMaskBlur[] = "mask_blur",
                      kInvertMask[] = "invert_mask", kLoras[] = "loras", kTier[] = "tier";
}  // namespace job_field

/// The field under the job's name for it, whose own checks apply. `to.job` is the job as JSON.
template <const char* name, class Translation>
Result<void> pass(Translation& to, const Json& value) {
  to.job[name] = value;
  return {};
}

}  // namespace limner
