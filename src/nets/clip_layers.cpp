#include "nets/clip_layers.h"

#include <fmt/format.h>

namespace limner {
namespace {

// Twice what OpenCLIP bigG, the largest in use, has; a hostile config cannot ask for more.
constexpr IntRange kWidth{1, 8192}, kMlpWidth{1, 32768}, kLayers{1, 128}, kHeads{1, 256};

op::Activation clip_activation(std::string_view name) {
  if (name == "gelu") return op::Activation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return op::Activation::gelu_tanh;
  return op::Activation::quick_gelu;
}

// What every transformers config may carry and what no encoder computes with.
void declare_no_effect(ConfigReader& config) {
  config.no_effect({"attention_dropout", "dropout", "initializer_factor", "initializer_range", "dtype",
                    "torch_dtype", "transformers_version", "bos_token_id", "eos_token_id", "pad_token_id",
                    "gradient_checkpointing"});
}

Value multilayer_perceptron(Graph& g, Value x, const Scope& scope, const ClipLayers& config) {
  const Value hidden = g.activation(g.linear(x, scope / "fc1", config.mlp_width), config.activation);
  return g.linear(hidden, scope / "fc2", config.width);
}

Value self_attention(Graph& g, Value x, const Scope& scope, const ClipLayers& config, bool causal) {
  const Value q = g.linear(x, scope / "q_proj", config.width);
  const Value k = g.linear(x, scope / "k_proj", config.width);
  const Value v = g.linear(x, scope / "v_proj", config.width);
  return g.linear(g.attention(q, k, v, config.heads, causal), scope / "out_proj", config.width);
}

}  // namespace

Result<ClipLayers> read_clip_layers(ConfigReader& config, const ClipLayers& absent) {
  declare_no_effect(config);
  ClipLayers clip;
  clip.width = TRY(config.integer("hidden_size", absent.width, kWidth));
  clip.mlp_width = TRY(config.integer("intermediate_size", absent.mlp_width, kMlpWidth));
  clip.layers = TRY(config.integer("num_hidden_layers", absent.layers, kLayers));
  clip.heads = TRY(config.integer("num_attention_heads", absent.heads, kHeads));
  clip.norm_eps = static_cast<float>(TRY(config.number("layer_norm_eps", absent.norm_eps, 1e-12, 1e-1)));
  clip.activation = clip_activation(TRY(
      config.choice("hidden_act", "quick_gelu", {"quick_gelu", "gelu", "gelu_new", "gelu_pytorch_tanh"})));
  if (clip.width % clip.heads != 0)
    return config.wrong("num_attention_heads",
                        fmt::format("{} does not divide hidden_size {}", clip.heads, clip.width));
  return clip;
}

void declare_clip_generation(ConfigReader& config) {
  config.no_effect({"chunk_size_feed_forward", "diversity_penalty", "encoder_no_repeat_ngram_size",
                    "id2label", "label2id", "length_penalty", "max_length", "min_length",
                    "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences",
                    "repetition_penalty", "return_dict", "temperature", "top_k", "top_p", "typical_p",
                    "use_cache"});
}

Value clip_encoder_layer(Graph& g, Value x, const Scope& scope, const ClipLayers& config, bool causal) {
  const Value attended = self_attention(g, g.layer_norm(x, scope / "layer_norm1", config.norm_eps),
                                        scope / "self_attn", config, causal);
  x = g.add(x, attended);
  const Value thought = multilayer_perceptron(g, g.layer_norm(x, scope / "layer_norm2", config.norm_eps),
                                              scope / "mlp", config);
  return g.add(x, thought);
}

}  // namespace limner
