#pragma once
// What a UNet and a ControlNet are given beside the latents, and the one vector a row that it becomes.

#include "graph/graph.h"
#include "nets/unet_config.h"

namespace limner {

/// Extents of one description; see UnetShape.
struct UnetExtents {
  int64_t batch = 1, height = 64, width = 64, tokens = 77, time_ids = 6;
};

/// The inputs that both networks have, in the order in which they are declared; those that a config has no
/// use for are not declared and not valid.
struct UnetInputs {
  Value sample, timestep, context, text_embeds, time_ids, timestep_cond, class_labels;
};
UnetInputs declare_unet_inputs(Graph& g, const UnetConfig& config, const UnetExtents& extents);

/// Time, class and added conditioning as one embedding [B, time_embedding_width].
Value embed_time(Graph& g, const UnetConfig& config, const UnetInputs& inputs);

/// The text states as the transformers see them: [B, S, cross_width].
Value project_context(Graph& g, const UnetConfig& config, Value context);

}  // namespace limner
