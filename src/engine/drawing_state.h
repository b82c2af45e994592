#pragma once
// Which drawing a saved state belongs to.

#include <string>

#include "engine/engine.h"

namespace limner {

/// sha256 in hexadecimal of resolved parameters and of every pixel that is drawn over.
std::string fingerprint_of(const DrawingParams& params, const DrawingInputs& inputs);

}  // namespace limner
