#pragma once
// A trainable copy of a UNet's first half that looks at a picture (edges, depth, a pose) and adds to the
// UNet's skips. Zhang et al. 2023 (arXiv:2302.05543); diffusers' ControlNetModel.

#include "graph/graph.h"
#include "nets/unet_config.h"

namespace limner {

struct ControlNetConfig {
  UnetConfig unet;  ///< its first half: `up` is empty, out_channels has no meaning
  int64_t condition_channels = 3;
  bool condition_is_bgr = false;  ///< the condition's channels are read in reverse
  /// Channels a level; each level but the first halves.
  std::vector<int64_t> condition_embedding{16, 32, 96, 256};
  /// The residuals are averaged over the picture ("shuffle"). diffusers runs such a net without condition
  /// on the unconditional half: that choice is the caller's.
  bool pool_residuals = false;

  /// Pixels of the condition for one of the latent: 8.
  int64_t condition_scale() const { return int64_t{1} << (condition_embedding.size() - 1); }
};

/// Reads diffusers' ControlNetModel config. field: "controlnet/config.json".
Result<ControlNetConfig> read_controlnet_config(const Json& json, std::string_view field);

struct ControlNetShape {
  int64_t batch = 1;
  int64_t height = 64, width = 64;  ///< of the latents
  int64_t tokens = 77;
  int64_t time_ids = 6;  ///< as in UnetShape
  /// Take an input "scale" and multiply each residual by its own: a strength, or guess mode's
  /// 10^(-1 + i/n) for residual i of n + 1. Without it residuals come out as they are.
  bool scaled = false;
};

/// Inputs as describe_unet's up to "class_labels", then "condition" [B, s H, s W, condition_channels] in 0..1
/// with s = condition_scale(), then if scaled "scale" [B, residual_count + 1], the middle's last. Outputs
/// "down_0" ... "down_{residual_count - 1}" and "mid". Several ControlNets are summed by the caller.
Graph describe_controlnet(const ControlNetConfig& config, const ControlNetShape& shape,
                          const GraphOptions& options = {});

}  // namespace limner
