#include "nets/unet_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "nets/activation_name.h"
#include "nets/unet_half_config.h"

namespace limner {
namespace {

Result<void> read_up(ConfigReader& config, const UnetLevels& levels, UnetConfig& unet) {
  const size_t count = unet.down.size();
  const auto types = TRY(config.choices(
      "up_block_types", {"UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"},
      count, {"CrossAttnUpBlock2D", "UpBlock2D"}));
  if (types.size() != count)
    return config.wrong("up_block_types", fmt::format("{} blocks for {} levels", types.size(), count));
  const bool reversed = config.has("reverse_transformer_layers_per_block");
  for (size_t i = 0; i < count; ++i) {
    const size_t level = count - 1 - i;
    const int64_t layers = levels.layers[level] + 1;
    UnetStage stage{.channels = unet.down[level].channels,
                    .attention = types[i] == "CrossAttnUpBlock2D",
                    .only_cross_attention = levels.only_cross_attention[level],
                    .heads = levels.heads[level],
                    .depth = std::vector<int64_t>(static_cast<size_t>(layers), 0)};
    if (stage.attention && stage.channels % stage.heads != 0)
      return config.wrong("attention_head_dim",
                          fmt::format("{} heads do not divide {} channels", stage.heads, stage.channels));
    // Lists of lists have one depth fewer than this level needs: then diffusers wants the reverse spelt out,
    // as we do.
    if (stage.attention)
      stage.depth = reversed
                        ? TRY(read_depth(config, "reverse_transformer_layers_per_block", i, count, layers))
                        : TRY(read_depth(config, "transformer_layers_per_block", level, count, layers));
    unet.up.push_back(std::move(stage));
  }
  config.no_effect({"reverse_transformer_layers_per_block"});  // without attention; with it, it has been read
  return check_depths(config, unet.up);
}

Result<void> read_context_projection(ConfigReader& config, UnetConfig& unet) {
  const int64_t width = TRY(config.optional_integer("encoder_hid_dim", {1, 32768}));
  const std::string type = TRY(config.choice("encoder_hid_dim_type", "", {"text_proj"}));
  if (width == 0 && !type.empty()) return config.wrong("encoder_hid_dim", "encoder_hid_dim_type needs it");
  if (width > 0) {
    unet.context_projection = unet.context_width;
    unet.context_width = width;
  }
  return {};
}

Result<int64_t> read_kernel(ConfigReader& config, std::string_view key) {
  const int64_t kernel = TRY(config.integer(key, 3, {1, 7}));
  if (kernel % 2 == 0) return config.lacking(key, fmt::format("{} is even; supported: 1, 3, 5, 7", kernel));
  return kernel;
}

// What other networks of the same class do and none of this family's does.
Result<void> refuse_variants(ConfigReader& config) {
  TRY(config.only("dual_cross_attention", false));
  TRY(config.only("resnet_skip_time_act", false));
  TRY(config.only("resnet_out_scale_factor", 1.0));
  TRY(config.only("attention_type", "default"));
  TRY(config.only("class_embeddings_concat", false));
  TRY(config.only("mid_block_only_cross_attention", false));
  TRY(config.only("cross_attention_norm", nullptr));
  return {};
}

}  // namespace

int64_t UnetConfig::residual_count() const {
  int64_t count = 1;  // conv_in's
  for (const UnetStage& stage : down) count += static_cast<int64_t>(stage.depth.size()) + 1;
  return count - 1;  // the last level does not downsample
}

int64_t UnetConfig::extent_min() const {
  // With padding on both sides an extent of one stays one; with one row below, half of it must be left.
  return downsample_padding == 1 ? 1 : int64_t{1} << (down.size() - 1);
}

std::optional<int64_t> UnetConfig::time_id_count(int64_t pooled_width) const {
  if (added_sinusoid_width == 0 || pooled_width < 1 || pooled_width >= added_width) return std::nullopt;
  const int64_t rest = added_width - pooled_width;
  if (rest % added_sinusoid_width != 0) return std::nullopt;
  return rest / added_sinusoid_width;
}

Result<UnetConfig> read_unet_config(const Json& json, std::string_view field) {
  ConfigReader config = TRY(ConfigReader::open(json, field));
  TRY(config.only("_class_name", "UNet2DConditionModel"));
  UnetHalf half = TRY(read_unet_half(config, {.heads_by_name = false, .middle_may_be_absent = true}));
  UnetConfig& unet = half.config;
  unet.out_channels = TRY(config.integer("out_channels", 4, {1, 256}));
  unet.sample_size = TRY(config.extent("sample_size"));
  TRY(read_up(config, half.levels, unet));
  unet.conv_in_kernel = TRY(read_kernel(config, "conv_in_kernel"));
  unet.conv_out_kernel = TRY(read_kernel(config, "conv_out_kernel"));
  unet.center_input = TRY(config.flag("center_input_sample", false));
  unet.time_condition_width = TRY(config.optional_integer("time_cond_proj_dim", {1, 32768}));
  unet.time_post_activation = TRY(read_optional_activation(config, "timestep_post_act"));
  unet.time_embedding_activation = TRY(read_optional_activation(config, "time_embedding_act_fn"));
  unet.class_activation = unet.activation;
  TRY(read_context_projection(config, unet));
  TRY(refuse_variants(config));
  // Left in by training with a moving average of the weights.
  config.no_effect({"decay", "inv_gamma", "min_decay", "optimization_step", "power", "update_after_step",
                    "use_ema_warmup"});
  config.no_effect({"quantization"});  // on the graph; read_quantization() knows it
  TRY(config.finish());
  return unet;
}

}  // namespace limner
