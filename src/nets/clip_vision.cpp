#include "nets/clip_vision.h"

#include <fmt/format.h>

#include "nets/config_reader.h"

namespace limner {
namespace {

constexpr IntRange kSide{1, 1024}, kPatch{1, 256}, kVectorWidth{1, 8192};

// One row of patches and, before them, one that gathers what the picture is: [1, 1 + patches, width].
Value embeddings(Graph& g, Value picture, const Scope& scope, const ClipVisionConfig& config) {
  const int64_t rows = 1 + config.patches();
  const Value patches = g.conv2d(
      picture, scope / "patch_embedding",
      {.out = config.width, .kernel = config.patch, .stride = config.patch, .padding = 0, .bias = false});
  const Value gathering =
      g.constant((scope / "class_embedding").path, Shape{config.width}, Shape{1, config.width});
  const Value all = g.concat({gathering, g.reshape(patches, Shape{1, config.patches() * config.width})});
  const Value positions = g.constant((scope / "position_embedding" / "weight").path,
                                     Shape{rows, config.width}, Shape{1, rows, config.width});
  return g.add(g.reshape(all, Shape{1, rows, config.width}), positions);
}

}  // namespace

Result<ClipVisionConfig> read_clip_vision_config(const Json& json, std::string_view field) {
  ConfigReader whole = TRY(ConfigReader::open(json, field));
  const Json* inner = whole.raw("vision_config");
  ConfigReader config = TRY(ConfigReader::open(inner ? *inner : json, field));
  TRY(config.only("model_type", "clip_vision_model"));
  TRY(config.only("num_channels", 3));
  ClipVisionConfig clip;
  static_cast<ClipLayers&>(clip) =
      TRY(read_clip_layers(config, {.width = 768, .mlp_width = 3072, .layers = 12, .heads = 12}));
  clip.side = TRY(config.integer("image_size", 224, kSide));
  clip.patch = TRY(config.integer("patch_size", 32, kPatch));
  if (clip.side % clip.patch != 0)
    return config.wrong("patch_size", fmt::format("{} does not divide image_size {}", clip.patch, clip.side));
  declare_clip_generation(config);
  // A whole model's is beside its vision_config, whose own has no effect then.
  config.no_effect({"projection_dim", "architectures"});
  clip.projection = TRY((inner ? whole : config).integer("projection_dim", 512, kVectorWidth));
  TRY(config.finish());
  return clip;
}

Graph describe_clip_vision(const ClipVisionConfig& config, const Scope& root) {
  Graph g;
  const Value picture = g.input("picture", Shape{1, config.side, config.side, 3});
  Value x = embeddings(g, picture, root / "embeddings", config);
  // transformers writes it so.
  x = g.layer_norm(x, root / "pre_layrnorm", config.norm_eps);
  for (int64_t layer = 0; layer < config.layers; ++layer)
    x = clip_encoder_layer(g, x, root / "encoder" / "layers" / layer, config, /*causal=*/false);
  const Value row = g.reshape(x, Shape{1, (1 + config.patches()) * config.width});
  const Value gathered =
      g.layer_norm(g.slice(row, 0, config.width), root / "post_layernorm", config.norm_eps);
  g.output("embedding", g.linear(gathered, Scope{"visual_projection"}, config.projection, /*bias=*/false));
  return g;
}

}  // namespace limner
