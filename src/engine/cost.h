#pragma once
// What a drawing will take, from its resolved parameters.

#include "engine/engine.h"
#include "engine/model.h"
#include "engine/tokenized_prompts.h"

namespace limner {

/// What drawing `pictures` of these at once takes; errors are those of making the samplers.
Result<DrawingCost> cost_of(const Model& model, const DrawingParams& params, const InputSizes& inputs,
                            const TokenizedPrompts& prompts, int pictures = 1);

/// Evaluations of the second pass of hires-fix; 0 without one.
Result<int> second_pass_evaluations(const Model& model, const DrawingParams& params);

/// What is not in memory yet of the weights that drawing needs.
size_t weights_to_come(const Model& model, const DrawingParams& params, const InputSizes& inputs);

/// Refuses a drawing whose working memory and what is not in memory yet of the weights that it needs do not
/// fit into what the system has left: `too_large`, saying how much is needed and what there is.
Result<void> check_memory(const Model& model, const DrawingParams& params, const InputSizes& inputs,
                          const DrawingCost& cost);

}  // namespace limner
