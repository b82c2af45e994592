#pragma once
// Parameters against a model: defaults filled in, everything that cannot be drawn refused before any work.

#include "engine/engine.h"
#include "engine/model.h"

namespace limner {

/// The parameters with nothing left to defaults. `invalid` or `unsupported` names the parameter, the value
/// and what is allowed.
Result<DrawingParams> resolve_params(const Model& model, const DrawingParams& params,
                                     const DrawingInputs& inputs);

/// Refuses a drawing whose weights and working memory do not fit into what the system has left: `too_large`,
/// saying how much is needed and what there is.
Result<void> check_memory(Model& model, const DrawingParams& params);

}  // namespace limner
