#include "nets/tiny_vae.h"

#include <fmt/format.h>

#include "base/check.h"
#include "nets/activation_name.h"
#include "nets/config_reader.h"

namespace limner {
namespace {

constexpr size_t kTinyVaeLevelsMax = 8;
constexpr IntRange kTinyVaeChannels{1, 4096}, kTinyVaePictureChannels{1, 16}, kTinyVaeLatentChannels{1, 256},
    kTinyVaeBlocks{0, 16}, kUpsampling{1, 4};
constexpr int64_t kScaleMax = 64;
// Where diffusers' DecoderTiny clips, whatever latent_magnitude says.
constexpr float kLatentLimit = 3;

Result<TinyVaeHalf> read_half(ConfigReader& config, std::string_view channels_key,
                              std::string_view blocks_key, std::vector<int64_t> default_blocks) {
  TinyVaeHalf half;
  half.channels =
      TRY(config.integer_list(channels_key, {64, 64, 64, 64}, kTinyVaeLevelsMax, kTinyVaeChannels));
  half.blocks =
      TRY(config.integer_list(blocks_key, std::move(default_blocks), kTinyVaeLevelsMax, kTinyVaeBlocks));
  if (half.blocks.size() != half.channels.size())
    return config.wrong(blocks_key,
                        fmt::format("{} values for {} levels", half.blocks.size(), half.channels.size()));
  // A level's convolutions keep its channels, so a change between levels has no weights that would make it.
  for (const int64_t channels : half.channels) {
    if (channels != half.channels.front())
      return config.lacking(channels_key, "levels with different channels are not supported");
  }
  return half;
}

/// Numbers layers as PyTorch's Sequential does: every one counts, with or without weights.
class TinyVaeLayers {
 public:
  TinyVaeLayers(Graph& g, const Scope& scope, op::Activation activation)
      : g_(g), scope_(scope), activation_(activation) {}

  Value convolution(Value x, const Conv2dOptions& options) { return g_.conv2d(x, next(), options); }

  Value activation(Value x) {
    next();
    return g_.activation(x, activation_);
  }

  Value upsample(Value x, int64_t factor) {
    next();
    return g_.upsample_nearest(x, factor * g_.shape(x)[1], factor * g_.shape(x)[2]);
  }

  /// Three convolutions and x itself, which has as many channels.
  Value residual(Value x) {
    const Scope scope = next() / "conv";
    const int64_t channels = g_.shape(x).back();
    Value h = g_.activation(g_.conv2d(x, scope / 0, {.out = channels}), activation_);
    h = g_.activation(g_.conv2d(h, scope / 2, {.out = channels}), activation_);
    h = g_.conv2d(h, scope / 4, {.out = channels});
    return g_.relu(g_.add(h, x));
  }

 private:
  Scope next() { return scope_ / index_++; }

  Graph& g_;
  Scope scope_;
  op::Activation activation_;
  int64_t index_ = 0;
};

}  // namespace

int64_t TinyVaeConfig::scale() const {
  int64_t scale = 1;
  for (size_t level = 1; level < decoder.channels.size(); ++level) scale *= upsampling;
  return scale;
}

Result<TinyVaeConfig> read_tiny_vae_config(const Json& json, std::string_view field) {
  ConfigReader config = TRY(ConfigReader::open(json, field));
  TRY(config.only("_class_name", "AutoencoderTiny"));
  TinyVaeConfig vae;
  vae.image_channels = TRY(config.integer("in_channels", 3, kTinyVaePictureChannels));
  vae.out_channels = TRY(config.integer("out_channels", 3, kTinyVaePictureChannels));
  vae.latent_channels = TRY(config.integer("latent_channels", 4, kTinyVaeLatentChannels));
  vae.encoder = TRY(read_half(config, "encoder_block_out_channels", "num_encoder_blocks", {1, 3, 3, 3}));
  vae.decoder = TRY(read_half(config, "decoder_block_out_channels", "num_decoder_blocks", {3, 3, 3, 1}));
  vae.activation = TRY(read_activation(config, "act_fn", op::Activation::relu));
  vae.upsampling = TRY(config.integer("upsampling_scaling_factor", 2, kUpsampling));
  TRY(config.only("upsample_fn", "nearest"));
  vae.scaling_factor = static_cast<float>(TRY(config.number("scaling_factor", 1, 1e-6, 1e6)));
  vae.shift_factor = static_cast<float>(TRY(config.number("shift_factor", 0, -1e6, 1e6)));
  // block_out_channels is diffusers' own copy of the decoder's.
  config.no_effect({"latent_magnitude", "latent_shift", "force_upcast", "block_out_channels"});
  TRY(config.finish());
  if (vae.scale() != vae.encoder_scale() || vae.scale() > kScaleMax)
    return config.lacking(
        "upsampling_scaling_factor",
        fmt::format("the decoder enlarges by {} what the encoder shrinks by {}; supported: the same "
                    "on both sides, at most {}",
                    vae.scale(), vae.encoder_scale(), kScaleMax));
  return vae;
}

Graph describe_tiny_vae_decoder(const TinyVaeConfig& config, int64_t batch, int64_t height, int64_t width,
                                const GraphOptions& options) {
  Graph g(options);
  TinyVaeLayers layers(g, Scope{"decoder.layers"}, config.activation);
  const TinyVaeHalf& half = config.decoder;
  const Value latent = g.input("latent", Shape{batch, height, width, config.latent_channels});
  Value x = g.activation(latent, op::Activation::soft_clip, kLatentLimit);
  x = layers.activation(layers.convolution(x, {.out = half.channels.front()}));
  for (size_t level = 0; level < half.channels.size(); ++level) {
    const bool last = level + 1 == half.channels.size();
    for (int64_t block = 0; block < half.blocks[level]; ++block) x = layers.residual(x);
    if (!last) x = layers.upsample(x, config.upsampling);
    x = layers.convolution(x, {.out = last ? config.out_channels : half.channels[level], .bias = last});
  }
  g.output("image", g.affine(x, 2, -1));
  return g;
}

Graph describe_tiny_vae_encoder(const TinyVaeConfig& config, int64_t batch, int64_t height, int64_t width,
                                const GraphOptions& options) {
  Graph g(options);
  TinyVaeLayers layers(g, Scope{"encoder.layers"}, config.activation);
  const TinyVaeHalf& half = config.encoder;
  LIMNER_CHECK(height % config.encoder_scale() == 0 && width % config.encoder_scale() == 0, "whole latents");
  const Value image = g.input("image", Shape{batch, height, width, config.image_channels});
  Value x = g.affine(image, 0.5f, 0.5f);
  for (size_t level = 0; level < half.channels.size(); ++level) {
    const bool first = level == 0;
    x = layers.convolution(x, {.out = half.channels[level], .stride = first ? 1 : 2, .bias = first});
    for (int64_t block = 0; block < half.blocks[level]; ++block) x = layers.residual(x);
  }
  g.output("latent", layers.convolution(x, {.out = config.latent_channels}));
  return g;
}

}  // namespace limner
