#include "nets/clip_text.h"

#include "base/check.h"
#include "nets/config_reader.h"

namespace limner {
namespace {

constexpr IntRange kTokens{1, 4096}, kVocabulary{1, 1 << 20}, kProjection{1, 8192};

/// Whether `architectures` names the class with a projection. A config without the key is CLIPTextModel's.
Result<bool> has_projection(ConfigReader& config) {
  const auto names = TRY(config.choices("architectures", {"CLIPTextModel"}, 1,
                                        {"CLIPTextModel", "CLIPTextModelWithProjection"}));
  return names.front() == "CLIPTextModelWithProjection";
}

Value embeddings(Graph& g, Value ids, const Scope& scope, const ClipTextConfig& config, int64_t tokens) {
  const Value words = g.embedding(ids, scope / "token_embedding", config.vocabulary, config.width);
  const Scope table = scope / "position_embedding" / "weight";
  // The table's first `tokens` rows, taken as the head of one long row.
  const Value row = g.constant(table.path, Shape{config.tokens_max, config.width},
                               Shape{1, config.tokens_max * config.width});
  const Value positions = g.reshape(g.slice(row, 0, tokens * config.width), Shape{tokens, config.width});
  return g.add(words, positions);
}

// What is the same wherever the config lies.
Result<ClipTextConfig> read_sizes(ConfigReader& config) {
  TRY(config.only("model_type", "clip_text_model"));
  ClipTextConfig clip;
  static_cast<ClipLayers&>(clip) =
      TRY(read_clip_layers(config, {.width = 512, .mlp_width = 2048, .layers = 12, .heads = 8}));
  clip.vocabulary = TRY(config.integer("vocab_size", 49408, kVocabulary));
  clip.tokens_max = TRY(config.integer("max_position_embeddings", 77, kTokens));
  return clip;
}

}  // namespace

Result<ClipTextConfig> read_clip_text_config(const Json& json, std::string_view field) {
  ConfigReader config = TRY(ConfigReader::open(json, field));
  ClipTextConfig clip = TRY(read_sizes(config));
  const int64_t projection = TRY(config.integer("projection_dim", 512, kProjection));
  if (TRY(has_projection(config))) clip.projection = projection;
  TRY(config.finish());
  return clip;
}

Result<ClipTextConfig> read_clip_inner_text_config(const Json& json, std::string_view field) {
  ConfigReader whole = TRY(ConfigReader::open(json, field));
  const Json* inner = whole.raw("text_config");
  if (!inner) return whole.wrong("text_config", "is missing");
  ConfigReader config = TRY(ConfigReader::open(*inner, field));
  ClipTextConfig clip = TRY(read_sizes(config));
  declare_clip_generation(config);
  // The whole model's is beside it.
  config.no_effect({"projection_dim", "architectures"});
  clip.projection = TRY(whole.integer("projection_dim", 512, kProjection));
  TRY(config.finish());
  return clip;
}

Graph describe_clip_text(const ClipTextConfig& config, const ClipTextShape& shape, const Scope& root) {
  LIMNER_CHECK(shape.tokens >= 1 && shape.tokens <= config.tokens_max, "no more tokens than positions");
  LIMNER_CHECK(shape.hidden_from_end >= 1 && shape.hidden_from_end <= config.layers + 1, "states that exist");
  Graph g;
  const Value ids = g.input_ids("ids", Shape{shape.batch, shape.tokens});
  const auto final_norm = [&](Value x) {
    return g.layer_norm(x, root / "final_layer_norm", config.norm_eps);
  };

  Value x = embeddings(g, ids, root / "embeddings", config, shape.tokens);
  Value hidden = x;
  const int64_t wanted = config.layers + 1 - shape.hidden_from_end;
  const int64_t needed = shape.pooled ? config.layers : wanted;
  for (int64_t layer = 0; layer < needed; ++layer) {
    x = clip_encoder_layer(g, x, root / "encoder" / "layers" / layer, config, /*causal=*/true);
    if (layer + 1 == wanted) hidden = x;
  }
  if (shape.final_norm) hidden = final_norm(hidden);
  g.output("hidden", hidden);

  if (shape.pooled) {
    const Value eos = g.input_ids("eos", Shape{shape.batch});
    const bool hidden_is_last = wanted == config.layers && shape.final_norm;
    Value pooled = g.take_row(hidden_is_last ? hidden : final_norm(x), eos);
    if (config.projection)
      pooled = g.linear(pooled, Scope{"text_projection"}, config.projection, /*bias=*/false);
    g.output("pooled", pooled);
  }
  return g;
}

}  // namespace limner
