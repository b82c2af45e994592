#pragma once
// The denoiser of Stable Diffusion 1.x, 2.x, XL and what was distilled from them: latents, time and text ->
// prediction. Rombach et al. 2022 (arXiv:2112.10752), Podell et al. 2023 (arXiv:2307.01952); diffusers'
// UNet2DConditionModel.

#include "graph/graph.h"
#include "nets/unet_config.h"

namespace limner {

/// Which of the network a graph is. What lies below the last block of the way up changes little from step to
/// step: it may be computed now and then, and only the outermost in between. Ma et al. 2023, "DeepCache"
/// (arXiv:2312.00858), its branch 0.
enum class UnetPart : uint8_t {
  whole,
  whole_and_deep,  ///< and says what the last block is given from below, for later
  outermost,       ///< is given that: conv_in, the last block, the head
};

struct UnetShape {
  int64_t batch = 1;
  int64_t height = 64, width = 64;  ///< of the latents; any, at least UnetConfig::extent_min()
  int64_t tokens = 77;
  int64_t time_ids = 6;            ///< used where the config has added_width: UnetConfig::time_id_count()
  bool control_residuals = false;  ///< take a ControlNet's residuals (or the sum of several); not outermost
  UnetPart part = UnetPart::whole;
};

/// Inputs, in this order:
///   "sample" [B, H, W, in_channels], "timestep" [B], "context" [B, S, context_width];
///   with added_width: "text_embeds" [B, added_width - n * added_sinusoid_width], "time_ids" [B, n];
///   with time_condition_width: "timestep_cond" [B, time_condition_width];
///   with class_embedding: "class_labels", table [B, 1] i32, timestep [B], else [B, class_width];
///   with control_residuals: "control_0" ... "control_{residual_count - 1}", "control_mid", shaped like
///   describe_controlnet's outputs;
///   for the outermost part: "deep" [B, H, W, deep_channels()].
/// Output "prediction" [B, H, W, out_channels]; whole_and_deep: also "deep". Weight names are diffusers'.
Graph describe_unet(const UnetConfig& config, const UnetShape& shape, const GraphOptions& options = {});

/// Channels of what the last block of the way up is given from below.
int64_t deep_channels(const UnetConfig& config);

}  // namespace limner
