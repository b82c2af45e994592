#pragma once
// TAESD: an autoencoder of a few plain convolutions for latents of a large one, 18 times less work.
// Ollin Boer Bohan, github.com/madebyollin/taesd; diffusers' AutoencoderTiny.

#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "graph/graph.h"

namespace limner {

/// One half of the autoencoder: residual blocks and channels a resolution, in the order of computation.
struct TinyVaeHalf {
  std::vector<int64_t> channels{64, 64, 64, 64};
  std::vector<int64_t> blocks;
};

struct TinyVaeConfig {
  int64_t image_channels = 3, out_channels = 3, latent_channels = 4;
  TinyVaeHalf encoder, decoder;
  op::Activation activation = op::Activation::relu;
  int64_t upsampling = 2;  ///< factor of each of the decoder's upsamplings

  // Latents given to a denoiser are (z - shift) * scaling of the z here; the graphs do neither.
  float scaling_factor = 1;
  float shift_factor = 0;

  /// Pixels of a decoded picture for one of its latent: 8.
  int64_t scale() const;
  /// Pixels of a picture for one of its encoded latent: the same in every config that was read.
  int64_t encoder_scale() const { return int64_t{1} << (encoder.channels.size() - 1); }
};

/// Reads diffusers' AutoencoderTiny config. field: "vae/config.json".
/// latent_magnitude and latent_shift map latents to bytes for storage and have no effect on encode and
/// decode.
Result<TinyVaeConfig> read_tiny_vae_config(const Json& json, std::string_view field);

/// "latent" [B, h, w, latent_channels], unscaled -> "image" [B, scale h, scale w, out_channels] in about
/// -1..1. Latents are first clipped softly to -3..3, as in diffusers.
Graph describe_tiny_vae_decoder(const TinyVaeConfig& config, int64_t batch, int64_t height, int64_t width,
                                const GraphOptions& options = {});

/// "image" [B, H, W, image_channels] in -1..1 -> "latent" [B, h, w, latent_channels], unscaled.
Graph describe_tiny_vae_encoder(const TinyVaeConfig& config, int64_t batch, int64_t height, int64_t width,
                                const GraphOptions& options = {});

}  // namespace limner
