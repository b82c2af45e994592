#pragma once
// A whole CLIP: the text and the vision transformer whose vectors lie near each other where a text describes
// a picture. Radford et al. 2021 (arXiv:2103.00020); configs and numerics of transformers' CLIPModel.

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "nets/clip_text.h"
#include "nets/clip_vision.h"

namespace limner {

/// What config.json of a CLIPModel says of its towers. Both project to vectors of one width.
struct ClipModelConfig {
  ClipTextConfig text;
  ClipVisionConfig vision;
};

/// Reads it. Another model than a CLIPModel is `unsupported`. field: the file.
Result<ClipModelConfig> read_clip_model_config(const Json& json, std::string_view field);

}  // namespace limner
