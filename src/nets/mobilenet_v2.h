#pragma once
// MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) with three dense layers on top, as Keras trains it and
// nsfwjs ships it; batch normalisation folded into its convolutions.

#include <string_view>
#include <vector>

#include "base/result.h"
#include "graph/graph.h"
#include "tensor/weight_source.h"

namespace limner {

struct MobileNetV2Config {
  struct Block {
    int64_t inner = 0;  ///< channels of the depthwise convolution
    int64_t out = 0;
    bool expands = true;  ///< has a convolution before the depthwise one
  };
  int64_t stem = 32;
  std::vector<Block> blocks;  ///< 17; strides are the paper's
  int64_t head = 1280;
  int64_t dense_1 = 256, dense_2 = 128, classes = 5;
  int64_t side = 224;  ///< of the picture, a multiple of 32
};

/// The sizes of the network in `weights`. field names the file in errors; `unsupported` when it is none.
Result<MobileNetV2Config> infer_mobilenet_v2(const WeightSource& weights, std::string_view field);

/// "picture" [B, side, side, 3], red, green, blue in 0..1 -> "logits" [B, classes].
Graph describe_mobilenet_v2(const MobileNetV2Config& config, int64_t batch);

}  // namespace limner
