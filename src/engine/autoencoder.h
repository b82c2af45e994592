#pragma once
// Between pixels and latents, whichever of the two kinds of autoencoder a model has.

#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "base/result.h"
#include "engine/network.h"
#include "families/model_files.h"
#include "image/picture.h"
#include "nets/tiny_vae.h"
#include "nets/vae.h"
#include "sampling/noise.h"

namespace limner {

/// The mean and spread of what a picture encodes to; a tiny autoencoder has no spread.
struct EncodedPicture {
  std::vector<float> mean;       ///< [C, h, w], unscaled
  std::vector<float> deviation;  ///< [C, h, w], or empty
};

class Autoencoder {
 public:
  Autoencoder() = default;
  /// `component` must be an AutoencoderKL or an AutoencoderTiny.
  static Result<Autoencoder> open(const Component& component, const Backend& backend, Precision precision);

  int latent_channels() const;
  bool is_tiny() const { return std::holds_alternative<TinyVaeConfig>(config_); }
  /// Pixels a side for one latent element.
  int scale() const;
  /// Latents [C, h, w] as the denoiser knows them -> pixels [3, 8h, 8w] interleaved as [H, W, 3], about
  /// -1..1.
  Result<std::vector<float>> decode(std::span<const float> latent, int height, int width,
                                    const GraphOptions& tiling, Workspace& workspace);
  /// Pixels [H, W, 3] in -1..1 -> distribution of latents, unscaled.
  Result<EncodedPicture> encode(std::span<const float> pixels, int height, int width,
                                const GraphOptions& tiling, Workspace& workspace);
  /// The same in tiles (vae_tiling.h).
  Result<std::vector<float>> decode_tiled(std::span<const float> latent, int height, int width,
                                          Workspace& workspace);
  Result<EncodedPicture> encode_tiled(std::span<const float> pixels, int height, int width,
                                      Workspace& workspace);
  /// Unscaled latents [C, h, w] to what the denoiser knows, in place.
  void scale_latents(std::span<float> latent) const;
  /// Workspace bytes that decode() of this latent size needs.
  size_t decode_bytes(int height, int width, const Backend& backend) const;
  /// Workspace bytes that encode() to this latent size needs.
  size_t encode_bytes(int height, int width, const Backend& backend) const;
  /// Decoder and encoder, as small as they can be: for the weights they name.
  std::vector<Graph> describe_both() const;
  Network& network() { return network_; }
  size_t packed_bytes() const { return network_.packed_bytes(); }

 private:
  Graph describe_decoder(int height, int width, const GraphOptions& tiling) const;
  std::vector<float> unscaled_pixels(std::span<const float> latent) const;
  Result<std::vector<float>> run_decoder(std::span<const float> latent, int height, int width,
                                         const GraphOptions& tiling, Workspace& workspace);
  Result<std::vector<float>> run_encoder(std::span<const float> pixels, int height, int width,
                                         const GraphOptions& tiling, Workspace& workspace);
  int moment_channels() const;
  EncodedPicture split_moments(std::span<const float> moments, int height, int width) const;
  Graph describe_encoder(int height, int width, const GraphOptions& tiling) const;

  std::variant<VaeConfig, TinyVaeConfig> config_;
  Network network_;
};

/// A draw from the distribution (diffusers' latent_dist.sample): mean + deviation * one call of `noise`.
/// Without deviation the mean, and nothing is drawn.
std::vector<float> sample(const EncodedPicture& encoded, NoiseStream& noise);

/// "tx1", "ty0", ...: part of the key of everything that tiling changes.
std::string tiling_key(const GraphOptions& tiling);

/// [C, H, W] -> [H, W, C], `out` with room for `stride` channels a pixel, and back.
void planes_to_pixels(std::span<const float> planes, int channels, std::span<float> out, int stride,
                      int offset = 0);
void pixels_to_planes(std::span<const float> pixels, int channels, std::span<float> out);

}  // namespace limner
