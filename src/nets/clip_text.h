#pragma once
// CLIP's text transformer: token ids -> states of every token and, if wanted, one pooled vector.
// Radford et al. 2021 (arXiv:2103.00020), section 2.4; weight names and numerics of transformers'
// CLIPTextModel.

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "graph/graph.h"
#include "nets/clip_layers.h"

namespace limner {

/// What text_encoder/config.json says. Every size is within the bounds that the reader checks.
struct ClipTextConfig : ClipLayers {
  int64_t vocabulary = 49408;
  int64_t tokens_max = 77;  ///< rows of the position table
  /// Width of the pooled vector after `text_projection`; 0: the model has none (CLIPTextModel) and pools to
  /// `width`.
  int64_t projection = 0;

  int64_t pooled_width() const { return projection ? projection : width; }
};

/// Reads transformers' CLIPTextModel or CLIPTextModelWithProjection config. field:
/// "text_encoder/config.json". Token ids of begin, end and padding are the tokenizer's business and are not
/// read here.
Result<ClipTextConfig> read_clip_text_config(const Json& json, std::string_view field);

/// The same of the `text_config` and `projection_dim` of a whole CLIP model's. field: the file.
Result<ClipTextConfig> read_clip_inner_text_config(const Json& json, std::string_view field);

struct ClipTextShape {
  int64_t batch = 1;
  int64_t tokens = 77;  ///< at most ClipTextConfig::tokens_max
  /// Which states: 1 those of the last layer, 2 of the one before, ... layers + 1 the embeddings:
  /// transformers' hidden_states[-n]. Layers above are left out of the graph unless `pooled` needs them.
  int hidden_from_end = 1;
  /// Apply the final LayerNorm to them: with 1, transformers' last_hidden_state.
  bool final_norm = true;
  bool pooled = false;
};

/// Inputs "ids" [B, S] i32 and, if pooled, "eos" [B] i32 (position of the end token).
/// Outputs "hidden" [B, S, width] and, if pooled, "pooled" [B, pooled_width]: the last layer's state at `eos`
/// after the final LayerNorm, through `text_projection` where the model has one. root  where embeddings,
/// encoder and final_layer_norm lie: "text_model" or nothing. `text_projection` lies at the top.
Graph describe_clip_text(const ClipTextConfig& config, const ClipTextShape& shape,
                         const Scope& root = Scope{"text_model"});

}  // namespace limner
