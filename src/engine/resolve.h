#pragma once
// Parameters against a model: defaults filled in, everything that cannot be drawn refused before any work.

#include "engine/engine.h"
#include "engine/model.h"

namespace limner {

/// The parameters with nothing left to defaults. `invalid` or `unsupported` names the parameter, the value
/// and what is allowed.
Result<DrawingParams> resolve_params(const Model& model, const DrawingParams& params,
                                     const InputSizes& inputs);

/// What resolve_params() is to know of pictures.
InputSizes sizes_of(const DrawingInputs& inputs);
/// Checks what sizes do not tell: that the mask fits the picture, how ControlNets are to act.
Result<void> check_inputs(const DrawingInputs& inputs);

}  // namespace limner
