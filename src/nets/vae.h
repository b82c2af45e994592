#pragma once
// The autoencoder between pictures and latents. Rombach et al. 2022 (arXiv:2112.10752), section 3.1;
// diffusers' AutoencoderKL.

#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "graph/graph.h"

namespace limner {

struct VaeConfig {
  int64_t image_channels = 3;  ///< of the encoder's input
  int64_t out_channels = 3;    ///< of the decoder's output
  int64_t latent_channels = 4;
  std::vector<int64_t> channels{128, 256, 512, 512};  ///< a level, full resolution first
  int64_t layers = 2;                                 ///< residual blocks a level; the decoder has one more
  int64_t norm_groups = 32;
  op::Activation activation = op::Activation::silu;
  bool quant_conv = true, post_quant_conv = true;
  bool middle_attention = true;
  int64_t sample_size = 0;  ///< picture extent it was trained at; 0 if not stated

  // Latents given to a denoiser are (z - shift - mean) * scaling / std of the z here; the graphs do neither.
  float scaling_factor = 0.18215f;
  float shift_factor = 0;
  std::vector<float> latents_mean, latents_std;  ///< a channel, or empty (Playground 2.5 has them)

  /// Pixels of a picture for one of its latent: 8.
  int64_t scale() const { return int64_t{1} << (channels.size() - 1); }
};

/// Reads diffusers' AutoencoderKL config. field: "vae/config.json".
/// force_upcast has no effect: precision is the caller's choice, and bf16 has f32's range.
Result<VaeConfig> read_vae_config(const Json& json, std::string_view field);

struct VaeDecoderShape {
  int64_t batch = 1;
  int64_t height = 64, width = 64;  ///< of the latents
};

/// "latent" [B, h, w, latent_channels], unscaled -> "image" [B, scale h, scale w, out_channels] in about
/// -1..1.
Graph describe_vae_decoder(const VaeConfig& config, const VaeDecoderShape& shape,
                           const GraphOptions& options = {});

struct VaeEncoderShape {
  int64_t batch = 1;
  int64_t height = 512, width = 512;  ///< of the picture, multiples of VaeConfig::scale()
};

/// "image" [B, H, W, image_channels] in -1..1 -> "moments" [B, h, w, 2 latent_channels]: means, then log
/// variances (diffusers clamps those to -30..20 before use).
Graph describe_vae_encoder(const VaeConfig& config, const VaeEncoderShape& shape,
                           const GraphOptions& options = {});

}  // namespace limner
