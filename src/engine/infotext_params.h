#pragma once
// Drawing parameters as A1111 words them, and back.

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/params.h"
#include "image/infotext.h"

namespace limner {

/// Prompt, negative prompt and a field for every parameter with an A1111 name that differs from its default.
/// `params` must be resolved.
Infotext infotext_from_params(const DrawingParams& params);

/// Parameters read from somebody's infotext. Fields that Limner has no parameter for are named in `ignored`;
/// a known field with a value that cannot be used is `invalid`.
Result<DrawingParams> params_from_infotext(const Infotext& infotext, std::vector<std::string>& ignored);

}  // namespace limner
