#pragma once
// What CLIP's text and vision transformers have in common: their layers and the numbers that describe them.

#include <string_view>

#include "base/result.h"
#include "graph/graph.h"
#include "nets/config_reader.h"

namespace limner {

/// The sizes of a stack of layers.
struct ClipLayers {
  int64_t width = 768;
  int64_t mlp_width = 3072;
  int64_t layers = 12;
  int64_t heads = 12;
  op::Activation activation = op::Activation::quick_gelu;
  float norm_eps = 1e-5f;
};

/// Reads the keys that both kinds of config have; a key that is absent has the value of `absent`. Bounds are
/// twice what the largest public models have. Keys without effect are declared.
Result<ClipLayers> read_clip_layers(ConfigReader& config, const ClipLayers& absent);

/// Declares what configs of whole models written by older libraries carry in a tower's: settings of text
/// generation, without effect.
void declare_clip_generation(ConfigReader& config);

/// One pre-norm layer: x [B, S, width] -> the same shape. Weight names are transformers' CLIPEncoderLayer.
Value clip_encoder_layer(Graph& g, Value x, const Scope& scope, const ClipLayers& config, bool causal);

}  // namespace limner
