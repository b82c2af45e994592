#include "engine/autoencoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/vae_tiling.h"

namespace limner {
namespace {

// A tile of [H, width, channels].
std::vector<float> cut(std::span<const float> whole, int width, int channels, const TileArea& tile) {
  std::vector<float> part;
  part.reserve(static_cast<size_t>(tile.height) * tile.width * channels);
  for (int y = 0; y < tile.height; ++y) {
    const size_t begin = (static_cast<size_t>(tile.top + y) * width + tile.left) * channels;
    const std::span<const float> row = whole.subspan(begin, static_cast<size_t>(tile.width) * channels);
    part.insert(part.end(), row.begin(), row.end());
  }
  return part;
}

}  // namespace

Result<Autoencoder> Autoencoder::open(const Component& component, const Backend& backend,
                                      Precision precision) {
  Autoencoder made;
  if (component.class_name == "AutoencoderTiny") {
    const TinyVaeConfig config = TRY(read_tiny_vae_config(component.config, component.config_field));
    if (config.scale() != config.encoder_scale())
      return unsupported(component.config_field, "encoder and decoder change the size by different factors");
    made.config_ = config;
  } else {
    made.config_ = TRY(read_vae_config(component.config, component.config_field));
  }
  const bool colours =
      std::visit([](const auto& config) { return config.image_channels == 3 && config.out_channels == 3; },
                 made.config_);
  if (!colours)
    return unsupported(component.config_field, "pictures have 3 channels; this autoencoder's have others");
  made.network_ = Network(backend, component.weights, precision);
  return made;
}

int Autoencoder::latent_channels() const {
  return static_cast<int>(std::visit([](const auto& config) { return config.latent_channels; }, config_));
}

int Autoencoder::scale() const {
  return static_cast<int>(std::visit([](const auto& config) { return config.scale(); }, config_));
}

Graph Autoencoder::describe_decoder(int height, int width, const GraphOptions& tiling) const {
  if (const auto* tiny = std::get_if<TinyVaeConfig>(&config_))
    return describe_tiny_vae_decoder(*tiny, 1, height, width, tiling);
  return describe_vae_decoder(std::get<VaeConfig>(config_), {.batch = 1, .height = height, .width = width},
                              tiling);
}

Graph Autoencoder::describe_encoder(int height, int width, const GraphOptions& tiling) const {
  if (const auto* tiny = std::get_if<TinyVaeConfig>(&config_))
    return describe_tiny_vae_encoder(*tiny, 1, height, width, tiling);
  return describe_vae_encoder(std::get<VaeConfig>(config_), {.batch = 1, .height = height, .width = width},
                              tiling);
}

size_t Autoencoder::decode_bytes(int height, int width, const Backend& backend) const {
  return backend.plan_bytes(describe_decoder(height, width, {}), network_.precision());
}

size_t Autoencoder::encode_bytes(int height, int width, const Backend& backend) const {
  return backend.plan_bytes(describe_encoder(height * scale(), width * scale(), {}), network_.precision());
}

std::vector<Graph> Autoencoder::describe_both() const {
  return {describe_decoder(1, 1, {}), describe_encoder(scale(), scale(), {})};
}

// [C, h, w] as the denoiser knows them -> [h, w, C] as the decoder reads them.
std::vector<float> Autoencoder::unscaled_pixels(std::span<const float> latent) const {
  const int channels = latent_channels();
  std::vector<float> input(latent.begin(), latent.end());
  const size_t plane = input.size() / static_cast<size_t>(channels);
  const auto* kl = std::get_if<VaeConfig>(&config_);
  for (size_t i = 0; i < input.size(); ++i) {
    if (kl) {
      const size_t c = i / plane;
      if (kl->latents_mean.empty())
        input[i] = input[i] / kl->scaling_factor + kl->shift_factor;
      else
        input[i] = input[i] * kl->latents_std[c] / kl->scaling_factor + kl->latents_mean[c];
    } else {
      const auto& tiny = std::get<TinyVaeConfig>(config_);
      input[i] = input[i] / tiny.scaling_factor + tiny.shift_factor;
    }
  }
  std::vector<float> pixels(input.size());
  planes_to_pixels(input, channels, pixels, channels);
  return pixels;
}

Result<std::vector<float>> Autoencoder::run_decoder(std::span<const float> latent, int height, int width,
                                                    const GraphOptions& tiling, Workspace& workspace) {
  const std::string key = fmt::format("decode {}x{} {}", height, width, tiling_key(tiling));
  const std::shared_ptr<const Executable> run =
      TRY(network_.compiled(key, [&] { return describe_decoder(height, width, tiling); }));
  const int64_t out_height = int64_t{height} * scale(), out_width = int64_t{width} * scale();
  std::vector<float> image(static_cast<size_t>(out_height * out_width * 3));
  const ConstTensorView in(DType::f32, {1, height, width, latent_channels()}, latent.data());
  const TensorView out{DType::f32, {1, out_height, out_width, 3}, image.data()};
  TRY(workspace.reserve(run->workspace_bytes()));
  run->run({&in, 1}, {&out, 1}, workspace);
  return image;
}

Result<std::vector<float>> Autoencoder::decode(std::span<const float> latent, int height, int width,
                                               const GraphOptions& tiling, Workspace& workspace) {
  return run_decoder(unscaled_pixels(latent), height, width, tiling, workspace);
}

Result<std::vector<float>> Autoencoder::decode_tiled(std::span<const float> latent, int height, int width,
                                                     Workspace& workspace) {
  const std::vector<float> all = unscaled_pixels(latent);
  TiledPass pass{.height = height, .width = width, .numerator = scale(), .run = {}};
  pass.run = [&](const TileArea& tile) {
    return run_decoder(cut(all, width, latent_channels(), tile), tile.height, tile.width, {}, workspace);
  };
  return run_tiled(pass);
}

int Autoencoder::moment_channels() const {
  return std::holds_alternative<VaeConfig>(config_) ? 2 * latent_channels() : latent_channels();
}

Result<std::vector<float>> Autoencoder::run_encoder(std::span<const float> pixels, int height, int width,
                                                    const GraphOptions& tiling, Workspace& workspace) {
  const std::string key = fmt::format("encode {}x{} {}", height, width, tiling_key(tiling));
  const std::shared_ptr<const Executable> run =
      TRY(network_.compiled(key, [&] { return describe_encoder(height, width, tiling); }));
  const int channels = moment_channels(), h = height / scale(), w = width / scale();
  std::vector<float> moments(static_cast<size_t>(h) * w * channels);
  const ConstTensorView in(DType::f32, {1, height, width, 3}, pixels.data());
  const TensorView out{DType::f32, {1, h, w, channels}, moments.data()};
  TRY(workspace.reserve(run->workspace_bytes()));
  run->run({&in, 1}, {&out, 1}, workspace);
  return moments;
}

// [h, w, C or 2C] as the encoder leaves them.
EncodedPicture Autoencoder::split_moments(std::span<const float> moments, int height, int width) const {
  std::vector<float> planes(moments.size());
  pixels_to_planes(moments, moment_channels(), planes);
  EncodedPicture encoded;
  const size_t half = static_cast<size_t>(height) * width * latent_channels();
  encoded.mean.assign(planes.begin(), planes.begin() + static_cast<ptrdiff_t>(half));
  for (size_t i = half; i < planes.size(); ++i)
    encoded.deviation.push_back(std::exp(0.5f * std::clamp(planes[i], -30.0f, 20.0f)));
  return encoded;
}

Result<EncodedPicture> Autoencoder::encode(std::span<const float> pixels, int height, int width,
                                           const GraphOptions& tiling, Workspace& workspace) {
  const std::vector<float> moments = TRY(run_encoder(pixels, height, width, tiling, workspace));
  return split_moments(moments, height / scale(), width / scale());
}

Result<EncodedPicture> Autoencoder::encode_tiled(std::span<const float> pixels, int height, int width,
                                                 Workspace& workspace) {
  TiledPass pass{.height = height,
                 .width = width,
                 .tile = kTileLatents * scale(),
                 .denominator = scale(),
                 .channels = moment_channels(),
                 .run = {}};
  pass.run = [&](const TileArea& tile) {
    return run_encoder(cut(pixels, width, 3, tile), tile.height, tile.width, {}, workspace);
  };
  const std::vector<float> moments = TRY(run_tiled(pass));
  return split_moments(moments, height / scale(), width / scale());
}

void Autoencoder::scale_latents(std::span<float> latent) const {
  const auto* kl = std::get_if<VaeConfig>(&config_);
  const size_t plane = latent.size() / static_cast<size_t>(latent_channels());
  for (size_t i = 0; i < latent.size(); ++i) {
    if (kl && !kl->latents_mean.empty()) {
      const size_t c = i / plane;
      latent[i] = (latent[i] - kl->latents_mean[c]) * kl->scaling_factor / kl->latents_std[c];
    } else {
      const float shift = kl ? kl->shift_factor : std::get<TinyVaeConfig>(config_).shift_factor;
      const float factor = kl ? kl->scaling_factor : std::get<TinyVaeConfig>(config_).scaling_factor;
      latent[i] = (latent[i] - shift) * factor;
    }
  }
}

std::vector<float> sample(const EncodedPicture& encoded, NoiseStream& noise) {
  std::vector<float> latent = encoded.mean;
  if (encoded.deviation.empty()) return latent;
  std::vector<float> drawn(latent.size());
  noise.normal(drawn);
  for (size_t i = 0; i < latent.size(); ++i) latent[i] += encoded.deviation[i] * drawn[i];
  return latent;
}

std::string tiling_key(const GraphOptions& tiling) {
  return std::string(tiling.tile_x ? "x" : "") + (tiling.tile_y ? "y" : "");
}

void planes_to_pixels(std::span<const float> planes, int channels, std::span<float> out, int stride,
                      int offset) {
  const size_t plane = planes.size() / static_cast<size_t>(channels);
  for (int c = 0; c < channels; ++c) {
    const float* from = planes.data() + static_cast<size_t>(c) * plane;
    float* to = out.data() + offset + c;
    for (size_t i = 0; i < plane; ++i) to[i * static_cast<size_t>(stride)] = from[i];
  }
}

void pixels_to_planes(std::span<const float> pixels, int channels, std::span<float> out) {
  const size_t plane = pixels.size() / static_cast<size_t>(channels);
  for (int c = 0; c < channels; ++c) {
    float* to = out.data() + static_cast<size_t>(c) * plane;
    const float* from = pixels.data() + c;
    for (size_t i = 0; i < plane; ++i) to[i] = from[i * static_cast<size_t>(channels)];
  }
}

}  // namespace limner
