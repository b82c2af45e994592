#pragma once
// The denoiser of Stable Diffusion 1.x, 2.x, XL and what was distilled from them: latents, time and text ->
// prediction. Rombach et al. 2022 (arXiv:2112.10752), Podell et al. 2023 (arXiv:2307.01952); diffusers'
// UNet2DConditionModel.

#include "graph/graph.h"
#include "nets/unet_config.h"

namespace limner {

struct UnetShape {
  int64_t batch = 1;
  int64_t height = 64, width = 64;  ///< of the latents; any, at least UnetConfig::extent_min()
  int64_t tokens = 77;
  int64_t time_ids = 6;            ///< used where the config has added_width: UnetConfig::time_id_count()
  bool control_residuals = false;  ///< take a ControlNet's residuals (or the sum of several)
};

/// Inputs, in this order:
///   "sample" [B, H, W, in_channels], "timestep" [B], "context" [B, S, context_width];
///   with added_width: "text_embeds" [B, added_width - n * added_sinusoid_width], "time_ids" [B, n];
///   with time_condition_width: "timestep_cond" [B, time_condition_width];
///   with class_embedding: "class_labels", table [B, 1] i32, timestep [B], else [B, class_width];
///   with control_residuals: "control_0" ... "control_{residual_count - 1}", "control_mid", shaped like
///   describe_controlnet's outputs.
/// Output "prediction" [B, H, W, out_channels]. Weight names are diffusers'.
Graph describe_unet(const UnetConfig& config, const UnetShape& shape, const GraphOptions& options = {});

}  // namespace limner
