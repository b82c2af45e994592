#include "nets/unet_half_config.h"

#include <fmt/format.h>

#include <numeric>

#include "nets/activation_name.h"

namespace limner {
namespace {

// Bounds of a hostile config, each some times what the largest public model has.
constexpr IntRange kUnetChannels{1, 8192}, kUnetPictureChannels{1, 256}, kUnetLayers{1, 16},
    kUnetHeads{1, 256}, kUnetWidth{1, 32768}, kUnetGroups{1, 256}, kUnetClasses{1, 1 << 20};
constexpr size_t kUnetLevelsMax = 8;
constexpr IntRange kUnetDepth{0, 64};
// A way down or up; SDXL's up has 36.
constexpr int64_t kTransformersMax = 1024;

Result<int64_t> as_depth(ConfigReader& config, std::string_view key, const Json& value) {
  if (!value.is_number_integer() || value < kUnetDepth.min || value > kUnetDepth.max)
    return config.wrong(key,
                        fmt::format("a depth is an integer from {} to {}", kUnetDepth.min, kUnetDepth.max));
  return value.get<int64_t>();
}

Result<UnetLevels> read_levels(ConfigReader& config, size_t count, const UnetHalfKeys& keys) {
  UnetLevels levels;
  levels.layers = TRY(config.integers("layers_per_block", 2, count, kUnetLayers));
  // attention_head_dim is the number of heads: the name is a mistake that stayed (diffusers issue 2011).
  levels.heads = TRY(config.integers("attention_head_dim", 8, count, kUnetHeads));
  if (keys.heads_by_name && config.has("num_attention_heads"))
    levels.heads = TRY(config.integers("num_attention_heads", 8, count, kUnetHeads));
  if (!keys.heads_by_name) TRY(config.only("num_attention_heads", nullptr));
  levels.only_cross_attention = TRY(config.flags("only_cross_attention", false, count));
  return levels;
}

/// The heads must share the channels of a stage with attention evenly, the groups those of every stage.
Result<void> check_stage(const ConfigReader& config, const UnetStage& stage, int64_t groups) {
  if (stage.channels % groups != 0)
    return config.wrong("norm_num_groups",
                        fmt::format("{} does not divide {} channels", groups, stage.channels));
  if (stage.attention && stage.channels % stage.heads != 0)
    return config.wrong("attention_head_dim",
                        fmt::format("{} heads do not divide {} channels", stage.heads, stage.channels));
  return {};
}

Result<void> read_down(ConfigReader& config, const UnetHalfKeys& keys, UnetHalf& half) {
  const auto channels =
      TRY(config.integer_list("block_out_channels", {320, 640, 1280, 1280}, kUnetLevelsMax, kUnetChannels));
  const auto types = TRY(
      config.choices("down_block_types",
                     {"CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"},
                     kUnetLevelsMax, {"CrossAttnDownBlock2D", "DownBlock2D"}));
  if (types.size() != channels.size())
    return config.wrong("down_block_types",
                        fmt::format("{} blocks for {} block_out_channels", types.size(), channels.size()));
  half.levels = TRY(read_levels(config, channels.size(), keys));
  for (size_t level = 0; level < channels.size(); ++level) {
    const int64_t layers = half.levels.layers[level];
    UnetStage stage{.channels = channels[level],
                    .attention = types[level] == "CrossAttnDownBlock2D",
                    .only_cross_attention = half.levels.only_cross_attention[level],
                    .heads = half.levels.heads[level],
                    .depth = std::vector<int64_t>(static_cast<size_t>(layers), 0)};
    if (stage.attention)
      stage.depth = TRY(read_depth(config, "transformer_layers_per_block", level, channels.size(), layers));
    half.config.down.push_back(std::move(stage));
  }
  return {};
}

Result<void> read_middle(ConfigReader& config, const UnetHalfKeys& keys, UnetHalf& half) {
  UnetConfig& unet = half.config;
  // Absent means the default, but null means none: the two must be told apart here.
  const bool none = keys.middle_may_be_absent && config.is_null("mid_block_type");
  const std::string type = TRY(config.choice("mid_block_type", "UNetMidBlock2DCrossAttn",
                                             {"UNetMidBlock2DCrossAttn", "UNetMidBlock2D"}));
  if (config.is_null("mid_block_type") && !none)
    return config.lacking("mid_block_type", "null is not supported here");
  unet.middle = none                       ? UnetMiddle::none
                : type == "UNetMidBlock2D" ? UnetMiddle::residual
                                           : UnetMiddle::attention;
  unet.middle_scale = static_cast<float>(TRY(config.number("mid_block_scale_factor", 1, 1e-3, 1e3)));
  unet.middle_stage = UnetStage{.channels = unet.down.back().channels,
                                .attention = unet.middle == UnetMiddle::attention,
                                .heads = unet.down.back().heads,
                                .depth = {0}};
  if (!unet.middle_stage.attention) return {};
  // The last level's depth; of a list, its first value.
  const size_t levels = unet.down.size();
  unet.middle_stage.depth =
      TRY(read_depth(config, "transformer_layers_per_block", levels - 1, levels, half.levels.layers.back()));
  unet.middle_stage.depth.resize(1);
  return {};
}

Result<void> read_time_embedding(ConfigReader& config, UnetConfig& unet) {
  const int64_t width = unet.sinusoid_width();
  TRY(config.only("time_embedding_type", "positional"));
  unet.time_embedding_width = TRY(config.integer("time_embedding_dim", 4 * width, kUnetWidth));
  unet.flip_sin_to_cos = TRY(config.flag("flip_sin_to_cos", true));
  unet.frequency_shift = static_cast<float>(TRY(config.number("freq_shift", 0, 0, 1)));
  if (width % 2 != 0 || width < 4)
    return config.wrong("block_out_channels",
                        fmt::format("{} is no width of sinusoids: even, at least 4", width));
  return {};
}

Result<void> read_class_embedding(ConfigReader& config, UnetConfig& unet) {
  const std::string type =
      TRY(config.choice("class_embed_type", "", {"timestep", "projection", "simple_projection"}));
  const int64_t classes = TRY(config.optional_integer("num_class_embeds", kUnetClasses));
  const int64_t vector = TRY(config.optional_integer("projection_class_embeddings_input_dim", kUnetWidth));
  if (type.empty() && classes > 0) {
    unet.class_embedding = ClassEmbedding::table;
    unet.class_width = classes;
  } else if (type == "timestep") {
    unet.class_embedding = ClassEmbedding::timestep;
  } else if (!type.empty()) {
    if (vector == 0)
      return config.wrong("projection_class_embeddings_input_dim", "class_embed_type needs it");
    unet.class_embedding = type == "projection" ? ClassEmbedding::projection : ClassEmbedding::linear;
    unet.class_width = vector;
  }
  if (!type.empty() && classes > 0)
    return config.wrong("num_class_embeds", "there is either a table or a class_embed_type, not both");
  return {};
}

Result<void> read_added_embedding(ConfigReader& config, UnetConfig& unet) {
  const std::string type = TRY(config.choice("addition_embed_type", "", {"text_time"}));
  const int64_t sinusoids = TRY(config.optional_integer("addition_time_embed_dim", kUnetWidth));
  const int64_t joined = TRY(config.optional_integer("projection_class_embeddings_input_dim", kUnetWidth));
  config.no_effect({"addition_embed_type_num_heads"});  // only for a kind that is not supported
  if (type.empty()) return {};
  if (sinusoids < 4 || sinusoids % 2 != 0)
    return config.wrong("addition_time_embed_dim", fmt::format("{} is not even and at least 4", sinusoids));
  if (joined <= sinusoids)
    return config.wrong("projection_class_embeddings_input_dim",
                        fmt::format("{} leaves no room for text beside time ids of {}", joined, sinusoids));
  unet.added_width = joined;
  unet.added_sinusoid_width = sinusoids;
  return {};
}

Result<void> read_context(ConfigReader& config, UnetConfig& unet) {
  const auto widths = TRY(config.integers("cross_attention_dim", 1280, unet.down.size(), kUnetWidth));
  for (const int64_t width : widths) {
    if (width != widths.front())
      return config.lacking("cross_attention_dim", "levels with different widths are not supported");
  }
  unet.context_width = widths.front();
  return {};
}

Result<void> check_half(const ConfigReader& config, const UnetConfig& unet) {
  for (const UnetStage& stage : unet.down) TRY(check_stage(config, stage, unet.norm_groups));
  TRY(check_stage(config, unet.middle_stage, unet.norm_groups));
  return check_depths(config, unet.down);
}

}  // namespace

Result<void> check_depths(const ConfigReader& config, const std::vector<UnetStage>& stages) {
  int64_t blocks = 0;
  for (const UnetStage& stage : stages)
    blocks = std::accumulate(stage.depth.begin(), stage.depth.end(), blocks);
  if (blocks > kTransformersMax)
    return config.wrong("transformer_layers_per_block",
                        fmt::format("{} transformer blocks; at most {}", blocks, kTransformersMax));
  return {};
}

Result<std::vector<int64_t>> read_depth(ConfigReader& config, std::string_view key, size_t level,
                                        size_t levels, int64_t layers) {
  const auto repeated = [&](int64_t depth) {
    return std::vector<int64_t>(static_cast<size_t>(layers), depth);
  };
  const Json* value = config.raw(key);
  if (!value) return repeated(1);
  if (!value->is_array()) return repeated(TRY(as_depth(config, key, *value)));
  if (value->size() != levels)
    return config.wrong(key, fmt::format("{} values; one a level is {}", value->size(), levels));
  const Json& item = (*value)[level];
  if (!item.is_array()) return repeated(TRY(as_depth(config, key, item)));
  if (item.size() != static_cast<size_t>(layers))
    return config.wrong(
        key, fmt::format("level {} has {} depths for {} residual blocks", level, item.size(), layers));
  std::vector<int64_t> depths;
  for (const Json& depth : item) depths.push_back(TRY(as_depth(config, key, depth)));
  return depths;
}

Result<UnetHalf> read_unet_half(ConfigReader& config, const UnetHalfKeys& keys) {
  UnetHalf half;
  UnetConfig& unet = half.config;
  unet.in_channels = TRY(config.integer("in_channels", 4, kUnetPictureChannels));
  TRY(read_down(config, keys, half));
  TRY(read_middle(config, keys, half));
  unet.norm_groups = TRY(config.integer("norm_num_groups", 32, kUnetGroups));
  unet.norm_eps = static_cast<float>(TRY(config.number("norm_eps", 1e-5, 1e-12, 1e-1)));
  unet.activation = TRY(read_activation(config, "act_fn", op::Activation::silu));
  unet.scale_shift =
      TRY(config.choice("resnet_time_scale_shift", "default", {"default", "scale_shift"})) != "default";
  unet.downsample_padding = TRY(config.integer("downsample_padding", 1, {0, 1}));
  TRY(read_time_embedding(config, unet));
  TRY(read_class_embedding(config, unet));
  TRY(read_added_embedding(config, unet));
  TRY(read_context(config, unet));
  config.no_effect({"dropout", "upcast_attention", "use_linear_projection"});
  config.no_effect({"transformer_layers_per_block"});  // without attention; with it, it has been read
  TRY(check_half(config, unet));
  return half;
}

}  // namespace limner
