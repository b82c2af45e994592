#pragma once
// CLIP's vision transformer: a picture -> one vector that lies near those of texts which describe it.
// Dosovitskiy et al. 2020 (arXiv:2010.11929), Radford et al. 2021 (arXiv:2103.00020), section 2.4; weight
// names and numerics of transformers' CLIPVisionModelWithProjection.

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "graph/graph.h"
#include "nets/clip_layers.h"

namespace limner {

/// What a vision config says. Every size is within the bounds that the reader checks.
struct ClipVisionConfig : ClipLayers {
  int64_t side = 224;        ///< of the picture, in pixels; a multiple of `patch`
  int64_t patch = 32;        ///< side of a patch, in pixels
  int64_t projection = 512;  ///< width of the vector

  int64_t patches() const { return (side / patch) * (side / patch); }
};

/// Reads transformers' config of a CLIPVisionModelWithProjection, or the `vision_config` and `projection_dim`
/// of a whole CLIP model's (as the safety checker of Stable Diffusion has it). field: the file.
Result<ClipVisionConfig> read_clip_vision_config(const Json& json, std::string_view field);

/// "picture" [1, side, side, 3], normalised -> "embedding" [1, projection], of no particular length. root
/// where embeddings, encoder and norms lie: "vision_model". `visual_projection` lies at the top.
Graph describe_clip_vision(const ClipVisionConfig& config, const Scope& root = Scope{"vision_model"});

}  // namespace limner
