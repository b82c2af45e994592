#include "families/single_file_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace limner {
namespace {

// Sizes of stabilityai's and runwayml's repositories, which diffusers takes its configs from.
constexpr std::array<SingleFileKind, 4> kKinds{{{"sd1", 64, 8, false, 0.18215},
                                                {"sd2", 96, 0, true, 0.18215},
                                                {"sdxl", 128, 0, false, 0.13025},
                                                {"sdxl_refiner", 128, 0, false, 0.13025}}};

constexpr int kCountMax = 256;
constexpr int64_t kHeadChannels = 64;

Result<int64_t> heads_of(int64_t channels, int64_t fixed) {
  if (fixed != 0) return fixed;
  if (channels % kHeadChannels != 0)
    return unsupported(
        "", fmt::format("{} channels are no whole number of heads of {}", channels, kHeadChannels));
  return channels / kHeadChannels;
}

bool has_attention(const std::vector<int>& depths) { return std::ranges::count(depths, 0) == 0; }

// The depths of a level as diffusers writes them: one number if all are equal.
Json depth_json(const std::vector<int>& depths) {
  if (std::ranges::adjacent_find(depths, std::ranges::not_equal_to()) == depths.end())
    return std::max(depths[0], 1);
  return depths;
}

Result<void> check_levels(const std::vector<std::vector<int>>& levels) {
  for (const std::vector<int>& depths : levels)
    if (!has_attention(depths) && std::ranges::any_of(depths, [](int depth) { return depth > 0; }))
      return unsupported("", "a level in which only some residual blocks are followed by a transformer");
  return {};
}

// Whether the way up has at each level the depth of the way down, which then need not be said.
bool is_mirror(const UnetLayout& layout) {
  for (size_t i = 0; i < layout.up.size(); ++i) {
    const std::vector<int>& down = layout.down[layout.down.size() - 1 - i];
    if (std::ranges::any_of(layout.up[i], [&](int depth) { return depth != down.front(); })) return false;
    if (std::ranges::any_of(down, [&](int depth) { return depth != down.front(); })) return false;
  }
  return true;
}

Result<void> set_depths(const UnetLayout& layout, Json& config) {
  TRY(check_levels(layout.down));
  TRY(check_levels(layout.up));
  Json depths = Json::array();
  for (const std::vector<int>& level : layout.down) depths.push_back(depth_json(level));
  // The middle has the depth of the last level: if that has no attention, its entry is free to say the
  // middle's.
  if (layout.middle > 0 && !has_attention(layout.down.back())) depths.back() = layout.middle;
  const Json& last = depths.back();
  if (layout.middle > 0 && (last.is_array() ? last[0] : last) != layout.middle)
    return unsupported(
        "", fmt::format("a middle block of depth {} after a level of depth {}", layout.middle, last.dump()));
  config["transformer_layers_per_block"] = depths;
  if (is_mirror(layout)) return {};
  Json up = Json::array();
  for (const std::vector<int>& level : layout.up) up.push_back(depth_json(level));
  config["reverse_transformer_layers_per_block"] = up;
  return {};
}

Result<void> set_middle(const WeightSource& unet, const UnetLayout& layout, Json& config) {
  if (layout.middle > 0) return {};
  const int residuals = count_existing(unet, "mid_block.resnets.{}.norm1.weight");
  if (residuals > 1) return unsupported("", "a middle block of residual blocks without a transformer");
  config["mid_block_type"] = residuals == 1 ? Json("UNetMidBlock2D") : Json(nullptr);
  return {};
}

Json block_types(const std::vector<std::vector<int>>& levels, const char* with, const char* without) {
  Json types = Json::array();
  for (const std::vector<int>& depths : levels) types.push_back(has_attention(depths) ? with : without);
  return types;
}

Result<int64_t> context_width_of(const WeightSource& unet, const UnetLayout& layout) {
  for (size_t level = 0; level < layout.down.size(); ++level)
    if (has_attention(layout.down[level]))
      return extent_of(
          unet, fmt::format("down_blocks.{}.attentions.0.transformer_blocks.0.attn2.to_k.weight", level), 1);
  if (layout.middle > 0)
    return extent_of(unet, "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", 1);
  return unsupported("", "a UNet without attention to text");
}

Result<bool> uses_linear_projection(const WeightSource& unet, const UnetLayout& layout) {
  for (size_t level = 0; level < layout.down.size(); ++level)
    if (has_attention(layout.down[level]))
      return TRY(unet.shape_of(fmt::format("down_blocks.{}.attentions.0.proj_in.weight", level))).rank() == 2;
  return false;
}

// Sinusoids of SDXL's time ids: what the pooled text leaves of the vector, shared by six sizes, or by the
// refiner's five.
Result<void> set_added_embedding(const WeightSource& unet, const SingleFileKind& kind, int64_t pooled_width,
                                 Json& config) {
  if (!unet.has("add_embedding.linear_1.weight")) return {};
  const int64_t width = TRY(extent_of(unet, "add_embedding.linear_1.weight", 1));
  const int64_t ids = kind.name == "sdxl_refiner" ? 5 : 6;
  if (pooled_width == 0 || width <= pooled_width || (width - pooled_width) % ids != 0)
    return unsupported("", fmt::format("a conditioning vector of {} numbers beside a pooled text of {}",
                                       width, pooled_width));
  config["addition_embed_type"] = "text_time";
  config["addition_time_embed_dim"] = (width - pooled_width) / ids;
  config["projection_class_embeddings_input_dim"] = width;
  return {};
}

// What a UNet and a ControlNet have in common.
Result<Json> half_config_of(const WeightSource& unet, const UnetLayout& layout, const SingleFileKind& kind,
                            int64_t pooled_width) {
  Json config = Json::object();
  Json channels = Json::array(), heads = Json::array();
  for (size_t level = 0; level < layout.down.size(); ++level) {
    const int64_t width =
        TRY(extent_of(unet, fmt::format("down_blocks.{}.resnets.0.conv1.weight", level), 0));
    channels.push_back(width);
    const bool attends = has_attention(layout.down[level]) || level + 1 == layout.down.size();
    heads.push_back(attends ? TRY(heads_of(width, kind.heads)) : std::max<int64_t>(width / kHeadChannels, 1));
  }
  config["in_channels"] = TRY(extent_of(unet, "conv_in.weight", 1));
  config["block_out_channels"] = channels;
  config["layers_per_block"] = layout.layers;
  config["down_block_types"] = block_types(layout.down, "CrossAttnDownBlock2D", "DownBlock2D");
  config["attention_head_dim"] = kind.heads != 0 ? Json(kind.heads) : heads;
  config["cross_attention_dim"] = TRY(context_width_of(unet, layout));
  config["use_linear_projection"] = TRY(uses_linear_projection(unet, layout));
  TRY(set_depths(layout, config));
  TRY(set_added_embedding(unet, kind, pooled_width, config));
  config["upcast_attention"] = kind.upcast_attention;
  config["act_fn"] = "silu";
  config["norm_num_groups"] = 32;
  config["norm_eps"] = 1e-5;
  config["flip_sin_to_cos"] = true;
  config["freq_shift"] = 0;
  config["downsample_padding"] = 1;
  return config;
}

}  // namespace

const SingleFileKind& single_file_kind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &SingleFileKind::name);
  LIMNER_CHECK(found != kKinds.end(), "a kind of single-file checkpoint");
  return *found;
}

int count_existing(const WeightSource& weights, std::string_view pattern) {
  int count = 0;
  while (count < kCountMax && weights.has(fmt::format(fmt::runtime(pattern), count))) ++count;
  return count;
}

Result<int64_t> extent_of(const WeightSource& weights, std::string_view name, size_t axis) {
  const Shape shape = TRY(weights.shape_of(name));
  if (axis >= shape.rank() || shape[axis] < 1)
    return invalid("", fmt::format("tensor '{}' is {}, which is no weight of this kind", name, shape.text()));
  return shape[axis];
}

Result<Json> unet_config_of(const WeightSource& unet, const UnetLayout& layout, const SingleFileKind& kind,
                            int64_t pooled_width) {
  Json config = TRY(half_config_of(unet, layout, kind, pooled_width));
  config["_class_name"] = "UNet2DConditionModel";
  config["out_channels"] = TRY(extent_of(unet, "conv_out.weight", 0));
  config["sample_size"] = kind.sample_size;
  config["up_block_types"] = block_types(layout.up, "CrossAttnUpBlock2D", "UpBlock2D");
  config["center_input_sample"] = false;
  TRY(set_middle(unet, layout, config));
  return config;
}

Result<Json> controlnet_config_of(const WeightSource& controlnet, const UnetLayout& layout,
                                  const SingleFileKind& kind, int64_t pooled_width) {
  Json config = TRY(half_config_of(controlnet, layout, kind, pooled_width));
  if (layout.middle == 0) return unsupported("", "a ControlNet without attention in its middle block");
  config["_class_name"] = "ControlNetModel";
  config["conditioning_channels"] = TRY(extent_of(controlnet, "controlnet_cond_embedding.conv_in.weight", 1));
  // A level's two convolutions: one keeps the width, the next halves the extent and widens.
  Json widths = Json::array({TRY(extent_of(controlnet, "controlnet_cond_embedding.conv_in.weight", 0))});
  const int blocks = count_existing(controlnet, "controlnet_cond_embedding.blocks.{}.weight");
  for (int i = 1; i < blocks; i += 2)
    widths.push_back(
        TRY(extent_of(controlnet, fmt::format("controlnet_cond_embedding.blocks.{}.weight", i), 0)));
  config["conditioning_embedding_out_channels"] = widths;
  return config;
}

Result<Json> vae_config_of(const WeightSource& vae, const SingleFileKind& kind) {
  const int levels = count_existing(vae, "encoder.down_blocks.{}.resnets.0.conv1.weight");
  const int layers = count_existing(vae, "encoder.down_blocks.0.resnets.{}.conv1.weight");
  if (levels == 0) return unsupported("", "an autoencoder without an encoder");
  Json channels = Json::array();
  for (int level = 0; level < levels; ++level)
    channels.push_back(
        TRY(extent_of(vae, fmt::format("encoder.down_blocks.{}.resnets.0.conv1.weight", level), 0)));
  Json config = Json::object();
  config["_class_name"] = "AutoencoderKL";
  config["in_channels"] = TRY(extent_of(vae, "encoder.conv_in.weight", 1));
  config["out_channels"] = TRY(extent_of(vae, "decoder.conv_out.weight", 0));
  config["latent_channels"] = TRY(extent_of(vae, "decoder.conv_in.weight", 1));
  config["down_block_types"] = std::vector<std::string>(static_cast<size_t>(levels), "DownEncoderBlock2D");
  config["up_block_types"] = std::vector<std::string>(static_cast<size_t>(levels), "UpDecoderBlock2D");
  config["block_out_channels"] = channels;
  config["layers_per_block"] = layers;
  config["norm_num_groups"] = 32;
  config["act_fn"] = "silu";
  config["sample_size"] = kind.sample_size << (levels - 1);
  config["scaling_factor"] = kind.vae_scaling_factor;
  config["use_quant_conv"] = vae.has("quant_conv.weight");
  config["use_post_quant_conv"] = vae.has("post_quant_conv.weight");
  config["mid_block_add_attention"] = vae.has("decoder.mid_block.attentions.0.to_q.weight");
  return config;
}

Result<Json> clip_config_of(const WeightSource& text_encoder, std::string_view hidden_act, bool projected) {
  const std::string tokens = "text_model.embeddings.token_embedding.weight";
  const int64_t width = TRY(extent_of(text_encoder, tokens, 1));
  Json config = Json::object();
  config["architectures"] = {projected ? "CLIPTextModelWithProjection" : "CLIPTextModel"};
  config["model_type"] = "clip_text_model";
  config["vocab_size"] = TRY(extent_of(text_encoder, tokens, 0));
  config["hidden_size"] = width;
  config["intermediate_size"] = TRY(extent_of(text_encoder, "text_model.encoder.layers.0.mlp.fc1.weight", 0));
  config["num_hidden_layers"] =
      count_existing(text_encoder, "text_model.encoder.layers.{}.layer_norm1.weight");
  config["num_attention_heads"] = TRY(heads_of(width, 0));
  config["max_position_embeddings"] =
      TRY(extent_of(text_encoder, "text_model.embeddings.position_embedding.weight", 0));
  config["hidden_act"] = hidden_act;
  config["layer_norm_eps"] = 1e-5;
  config["projection_dim"] = projected ? TRY(extent_of(text_encoder, "text_projection.weight", 0)) : width;
  config["bos_token_id"] = 0;
  config["eos_token_id"] = 2;
  config["pad_token_id"] = 1;
  return config;
}

}  // namespace limner
