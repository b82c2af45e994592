#pragma once
// What a conditional UNet (or the half of one in a ControlNet) is made of, in the order in which it computes.

#include <optional>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "graph/ops.h"

namespace limner {

/// One resolution on the way down or up: `depth.size()` residual blocks, each followed by a transformer if
/// `attention`.
struct UnetStage {
  int64_t channels = 320;
  bool attention = false;
  bool only_cross_attention = false;  ///< attend to the context where one usually attends to oneself
  int64_t heads = 8;
  std::vector<int64_t> depth;  ///< transformer blocks after each residual block; 0s without attention
};

enum class UnetMiddle : uint8_t {
  none,       ///< SDXS, some BK-SDM
  residual,   ///< one residual block: SSD-1B
  attention,  ///< residual block, transformer, residual block
};

enum class ClassEmbedding : uint8_t {
  none,
  table,       ///< a learned row a class: the x4 upscaler's noise level
  timestep,    ///< sinusoids of a number, then two linear maps
  projection,  ///< two linear maps of a vector: unCLIP
  linear,      ///< one linear map of a vector
};

struct UnetConfig {
  /// 9 with mask and masked picture (inpainting), 8 with the picture to edit (pix2pix).
  int64_t in_channels = 4;
  int64_t out_channels = 4;
  int64_t sample_size = 0;  ///< latent extent it was trained at; 0 if not stated
  std::vector<UnetStage> down, up;
  UnetMiddle middle = UnetMiddle::attention;
  UnetStage middle_stage;
  float middle_scale = 1;  ///< the middle's residual blocks divide by it
  int64_t norm_groups = 32;
  float norm_eps = 1e-5f;
  op::Activation activation = op::Activation::silu;
  bool scale_shift = false;  ///< time embedding scales and shifts the second norm instead of being added
  int64_t downsample_padding = 1;  ///< 0: one column right and one row below instead
  int64_t conv_in_kernel = 3, conv_out_kernel = 3;
  bool center_input = false;

  int64_t time_embedding_width = 1280;
  bool flip_sin_to_cos = true;
  float frequency_shift = 0;
  /// After the second linear map.
  std::optional<op::Activation> time_post_activation;
  /// After everything was added to the time embedding.
  std::optional<op::Activation> time_embedding_activation;
  int64_t time_condition_width = 0;  ///< guidance embedding of a latent consistency model; 0: none

  int64_t context_width = 768;       ///< of the text states given to the network
  int64_t context_projection = 0;    ///< they are first mapped to this width; 0: not
  int64_t added_width = 0;           ///< SDXL: pooled text and micro-conditioning together; 0: none
  int64_t added_sinusoid_width = 0;  ///< SDXL: sinusoids for each of the time ids
  ClassEmbedding class_embedding = ClassEmbedding::none;
  int64_t class_width = 0;  ///< rows of the table, or width of the vector
  /// Between ClassEmbedding::timestep's linear maps.
  op::Activation class_activation = op::Activation::silu;

  int64_t sinusoid_width() const { return down.front().channels; }
  /// Width the transformers see.
  int64_t cross_width() const { return context_projection ? context_projection : context_width; }
  /// The residuals that a ControlNet adds: conv_in's, one a residual block and one a downsampling, without
  /// the middle's.
  int64_t residual_count() const;
  /// Smallest latent height and width that the downsamplings leave anything of.
  int64_t extent_min() const;
  /// Time ids beside a pooled text vector of `pooled_width`: 6 in SDXL, 5 in its refiner; nothing if they do
  /// not fit.
  std::optional<int64_t> time_id_count(int64_t pooled_width) const;
};

/// Reads diffusers' UNet2DConditionModel config. field: "unet/config.json".
///
/// Only for training or for other number formats, hence without effect: dropout, upcast_attention (sums are
/// f32 here). use_linear_projection names the same map of a pixel's channels either way.
Result<UnetConfig> read_unet_config(const Json& json, std::string_view field);

}  // namespace limner
