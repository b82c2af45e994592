#pragma once
// Which drawing a saved state belongs to.

#include <string>

#include "engine/engine.h"

namespace limner {

/// sha256 in hexadecimal of resolved parameters, of every pixel that is drawn over and of what the noise is
/// marked with (null: nothing).
std::string fingerprint_of(const DrawingParams& params, const DrawingInputs& inputs,
                           const Json& noise_signs = nullptr);

}  // namespace limner
