#pragma once
// SRVGGNetCompact, Real-ESRGAN's small picture enlarger (realesr-general-x4v3, animevideov3): a chain of
// convolutions that predicts what to add to the enlarged picture. Wang et al. 2021 (arXiv:2107.10833) and
// BasicSR. It has no config.

#include <string_view>

#include "base/result.h"
#include "graph/graph.h"
#include "tensor/weight_source.h"

namespace limner {

struct SrvggConfig {
  int64_t image_channels = 3;
  int64_t width = 64;
  int64_t layers = 32;  ///< convolutions between the first and the last
  int64_t scale = 4;    ///< pixels of the result for one of the picture
};

/// The sizes of the SRVGGNetCompact in `weights`. field names the file in errors; `unsupported` when this is
/// none, or one without PReLU: ReLU and leaky ReLU leave no trace in the weights.
Result<SrvggConfig> infer_srvgg(const WeightSource& weights, std::string_view field);

/// "image" [B, H, W, image_channels] in 0..1 -> "image" [B, scale H, scale W, image_channels] in about 0..1.
Graph describe_srvgg(const SrvggConfig& config, int64_t batch, int64_t height, int64_t width,
                     const GraphOptions& options = {});

}  // namespace limner
