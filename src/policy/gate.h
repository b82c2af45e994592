#pragma once
// THE DOOR: all that a command or a service calls to have something checked. It always answers, and it fails
// closed: what errs, throws, takes too long or cannot be read is held.

#include "base/clock.h"
#include "image/picture.h"
#include "policy/encoded_prompts.h"
#include "policy/policy.h"
#include "policy/verdict.h"

namespace limner {

/// Checks a request's prompts before anything is loaded or drawn. Negative prompts only if the policy says
/// so. A check that takes longer than what is left of the policy's prompt_timeout does not count: the time is
/// looked at after each check, none is interrupted.
Verdict check_prompts(const Policy& policy, const EncodedPrompts& prompts, const Clock& clock);

/// Checks a picture that comes in or goes out, in the same way with picture_timeout.
Verdict check_picture(const Policy& policy, const Picture& picture, const Clock& clock);

}  // namespace limner
