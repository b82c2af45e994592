#pragma once
// open_nsfw, Yahoo's classifier of pictures (2016): a residual network of 50 layers (He et al. 2015,
// arXiv:1512.03385) with half the channels, batch normalisation folded into its convolutions.

#include <array>
#include <string_view>

#include "base/result.h"
#include "graph/graph.h"
#include "tensor/weight_source.h"

namespace limner {

struct OpenNsfwConfig {
  int64_t stem = 64;   ///< channels of the first convolution
  int64_t width = 32;  ///< inner channels of the first stage's blocks; each stage doubles them
  std::array<int64_t, 4> blocks = {3, 4, 6, 3};
  int64_t classes = 2;  ///< harmless, not safe for work
  int64_t side = 224;   ///< of the picture, a multiple of 32
};

/// The sizes of the network in `weights`. field names the file in errors; `unsupported` when it is none.
Result<OpenNsfwConfig> infer_open_nsfw(const WeightSource& weights, std::string_view field);

/// "picture" [B, side, side, 3], blue, green, red from 0 to 255 less their means (104, 117, 123) -> "logits"
/// [B, classes].
Graph describe_open_nsfw(const OpenNsfwConfig& config, int64_t batch);

}  // namespace limner
