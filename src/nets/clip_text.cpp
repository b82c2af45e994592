#include "nets/clip_text.h"

#include <fmt/format.h>

#include "base/check.h"
#include "nets/config_reader.h"

namespace limner {
namespace {

// Twice what OpenCLIP bigG, the largest in use, has; a hostile config cannot ask for more.
constexpr IntRange kWidth{1, 8192}, kMlpWidth{1, 32768}, kLayers{1, 128}, kHeads{1, 256}, kTokens{1, 4096},
    kVocabulary{1, 1 << 20};

op::Activation clip_activation(std::string_view name) {
  if (name == "gelu") return op::Activation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return op::Activation::gelu_tanh;
  return op::Activation::quick_gelu;
}

/// Whether `architectures` names the class with a projection. A config without the key is CLIPTextModel's.
Result<bool> has_projection(ConfigReader& config) {
  const auto names = TRY(config.choices("architectures", {"CLIPTextModel"}, 1,
                                        {"CLIPTextModel", "CLIPTextModelWithProjection"}));
  return names.front() == "CLIPTextModelWithProjection";
}

// What every transformers config may carry and what no text encoder computes with.
void declare_no_effect(ConfigReader& config) {
  config.no_effect({"attention_dropout", "dropout", "initializer_factor", "initializer_range", "dtype",
                    "torch_dtype", "transformers_version", "bos_token_id", "eos_token_id", "pad_token_id",
                    "gradient_checkpointing"});
}

Value multilayer_perceptron(Graph& g, Value x, const Scope& scope, const ClipTextConfig& config) {
  const Value hidden = g.activation(g.linear(x, scope / "fc1", config.mlp_width), config.activation);
  return g.linear(hidden, scope / "fc2", config.width);
}

Value self_attention(Graph& g, Value x, const Scope& scope, const ClipTextConfig& config) {
  const Value q = g.linear(x, scope / "q_proj", config.width);
  const Value k = g.linear(x, scope / "k_proj", config.width);
  const Value v = g.linear(x, scope / "v_proj", config.width);
  return g.linear(g.attention(q, k, v, config.heads, /*causal=*/true), scope / "out_proj", config.width);
}

Value encoder_layer(Graph& g, Value x, const Scope& scope, const ClipTextConfig& config) {
  const Value attended =
      self_attention(g, g.layer_norm(x, scope / "layer_norm1", config.norm_eps), scope / "self_attn", config);
  x = g.add(x, attended);
  const Value thought = multilayer_perceptron(g, g.layer_norm(x, scope / "layer_norm2", config.norm_eps),
                                              scope / "mlp", config);
  return g.add(x, thought);
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

}  // namespace

Result<ClipTextConfig> read_clip_text_config(const Json& json, std::string_view field) {
  ConfigReader config = TRY(ConfigReader::open(json, field));
  TRY(config.only("model_type", "clip_text_model"));
  declare_no_effect(config);
  ClipTextConfig clip;
  clip.vocabulary = TRY(config.integer("vocab_size", 49408, kVocabulary));
  clip.width = TRY(config.integer("hidden_size", 512, kWidth));
  clip.mlp_width = TRY(config.integer("intermediate_size", 2048, kMlpWidth));
  clip.layers = TRY(config.integer("num_hidden_layers", 12, kLayers));
  clip.heads = TRY(config.integer("num_attention_heads", 8, kHeads));
  clip.tokens_max = TRY(config.integer("max_position_embeddings", 77, kTokens));
  clip.norm_eps = static_cast<float>(TRY(config.number("layer_norm_eps", 1e-5, 1e-12, 1e-1)));
  clip.activation = clip_activation(TRY(
      config.choice("hidden_act", "quick_gelu", {"quick_gelu", "gelu", "gelu_new", "gelu_pytorch_tanh"})));
  const int64_t projection = TRY(config.integer("projection_dim", 512, kWidth));
  if (TRY(has_projection(config))) clip.projection = projection;
  TRY(config.finish());
  if (clip.width % clip.heads != 0)
    return config.wrong("num_attention_heads",
                        fmt::format("{} does not divide hidden_size {}", clip.heads, clip.width));
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
    x = encoder_layer(g, x, root / "encoder" / "layers" / layer, config);
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
