#include "nets/vae.h"

#include "base/check.h"

namespace limner {
namespace {

// Fixed in diffusers' Encoder and Decoder.
constexpr float kNormEps = 1e-6f;

/// Writes the blocks of one half.
class VaeBlocks {
 public:
  VaeBlocks(Graph& g, const VaeConfig& config) : g_(g), config_(config) {}

  Value residual(Value x, const Scope& scope, int64_t channels) {
    Value h = g_.activation(norm(x, scope / "norm1"), config_.activation);
    h = g_.conv2d(h, scope / "conv1", {.out = channels});
    h = g_.activation(norm(h, scope / "norm2"), config_.activation);
    h = g_.conv2d(h, scope / "conv2", {.out = channels});
    if (g_.shape(x).back() != channels)
      x = g_.conv2d(x, scope / "conv_shortcut", {.out = channels, .kernel = 1});
    return g_.add(h, x);
  }

  /// Residual block, one-headed self-attention over all pixels, residual block.
  Value middle(Value x, const Scope& scope) {
    const int64_t channels = config_.channels.back();
    x = residual(x, scope / "resnets" / 0, channels);
    if (config_.middle_attention) x = attention(x, scope / "attentions" / 0);
    return residual(x, scope / "resnets" / 1, channels);
  }

  /// Norm, SiLU and the last convolution.
  Value head(Value x, const Scope& scope, int64_t channels) {
    return g_.conv2d(g_.silu(norm(x, scope / "conv_norm_out")), scope / "conv_out", {.out = channels});
  }

 private:
  Value norm(Value x, const Scope& scope) { return g_.group_norm(x, scope, config_.norm_groups, kNormEps); }

  Value attention(Value x, const Scope& scope) {
    const Shape picture = g_.shape(x);
    const int64_t channels = picture.back();
    const Shape tokens{picture[0], picture[1] * picture[2], channels};
    const Value h = g_.reshape(norm(x, scope / "group_norm"), tokens);
    const Value q = g_.linear(h, scope / "to_q", channels);
    const Value k = g_.linear(h, scope / "to_k", channels);
    const Value v = g_.linear(h, scope / "to_v", channels);
    const Value mixed = g_.linear(g_.attention(q, k, v, /*heads=*/1), scope / "to_out" / 0, channels);
    return g_.add(g_.reshape(mixed, picture), x);
  }

  Graph& g_;
  const VaeConfig& config_;
};

}  // namespace

Graph describe_vae_decoder(const VaeConfig& config, const VaeDecoderShape& shape,
                           const GraphOptions& options) {
  Graph g(options);
  VaeBlocks blocks(g, config);
  const Scope scope{"decoder"};
  Value x = g.input("latent", Shape{shape.batch, shape.height, shape.width, config.latent_channels});
  if (config.post_quant_conv)
    x = g.conv2d(x, Scope{"post_quant_conv"}, {.out = config.latent_channels, .kernel = 1});
  x = g.conv2d(x, scope / "conv_in", {.out = config.channels.back()});
  x = blocks.middle(x, scope / "mid_block");

  const auto levels = static_cast<int64_t>(config.channels.size());
  for (int64_t level = 0; level < levels; ++level) {
    const int64_t channels = config.channels[static_cast<size_t>(levels - 1 - level)];
    const Scope up = scope / "up_blocks" / level;
    for (int64_t layer = 0; layer <= config.layers; ++layer)
      x = blocks.residual(x, up / "resnets" / layer, channels);
    if (level + 1 == levels) break;
    x = g.upsample_nearest(x, 2 * g.shape(x)[1], 2 * g.shape(x)[2]);
    x = g.conv2d(x, up / "upsamplers" / 0 / "conv", {.out = channels});
  }
  g.output("image", blocks.head(x, scope, config.out_channels));
  return g;
}

Graph describe_vae_encoder(const VaeConfig& config, const VaeEncoderShape& shape,
                           const GraphOptions& options) {
  LIMNER_CHECK(shape.height % config.scale() == 0 && shape.width % config.scale() == 0, "whole latents");
  Graph g(options);
  VaeBlocks blocks(g, config);
  const Scope scope{"encoder"};
  Value x = g.input("image", Shape{shape.batch, shape.height, shape.width, config.image_channels});
  x = g.conv2d(x, scope / "conv_in", {.out = config.channels.front()});

  const auto levels = static_cast<int64_t>(config.channels.size());
  for (int64_t level = 0; level < levels; ++level) {
    const int64_t channels = config.channels[static_cast<size_t>(level)];
    const Scope down = scope / "down_blocks" / level;
    for (int64_t layer = 0; layer < config.layers; ++layer)
      x = blocks.residual(x, down / "resnets" / layer, channels);
    if (level + 1 == levels) break;
    // Padded below and right only.
    const Conv2dOptions halve{.out = channels, .stride = 2, .pad = {{0, 0, 1, 1}}};
    x = g.conv2d(x, down / "downsamplers" / 0 / "conv", halve);
  }
  x = blocks.middle(x, scope / "mid_block");
  x = blocks.head(x, scope, 2 * config.latent_channels);
  if (config.quant_conv)
    x = g.conv2d(x, Scope{"quant_conv"}, {.out = 2 * config.latent_channels, .kernel = 1});
  g.output("moments", x);
  return g;
}

}  // namespace limner
