// From latents to what people look at.

#include <array>
#include <chrono>
#include <cmath>

#include "engine/drawing.h"
#include "image/pixels.h"
#include "image/resize.h"

namespace limner {
namespace {

bool all_finite(std::span<const float> values) {
  for (const float value : values)
    if (!std::isfinite(value)) return false;
  return true;
}

// A linear fit from latents to colours: rows for R, G, B of the four channels and an offset. The usual fits
// for the autoencoders of SD 1.x/2.x and of SDXL; anything else is shown by its first three channels.
struct LatentColours {
  std::array<std::array<float, 4>, 3> weights;
  std::array<float, 3> offset;
};
constexpr LatentColours kSdColours = {{{{0.3512f, 0.3250f, -0.2829f, -0.2120f},
                                        {0.2297f, 0.4974f, 0.1762f, -0.2616f},
                                        {0.3227f, 0.2350f, 0.2721f, -0.7177f}}},
                                      {0, 0, 0}};
constexpr LatentColours kSdxlColours = {{{{0.3651f, -0.2533f, 0.1076f, -0.3165f},
                                          {0.4232f, -0.0042f, 0.1111f, -0.2492f},
                                          {0.4341f, 0.1068f, -0.0362f, -0.2188f}}},
                                        {0.1084f, -0.0175f, -0.0011f}};

Picture approximate_colours(std::span<const float> latent, const LatentExtent& extent,
                            const LatentColours& colours) {
  const size_t plane = static_cast<size_t>(extent.height) * extent.width;
  std::vector<float> rgb(plane * 3, 0.0f);
  for (size_t i = 0; i < plane; ++i)
    for (size_t c = 0; c < 3; ++c) {
      float value = colours.offset[c];
      for (size_t k = 0; k < std::min<size_t>(4, static_cast<size_t>(extent.channels)); ++k)
        value += colours.weights[c][k] * latent[k * plane + i];
      rgb[i * 3 + c] = value;
    }
  return picture_from_floats(rgb, extent.width, extent.height);
}

}  // namespace

Result<Picture> decode_latent(Drawing& drawing, std::span<const float> latent) {
  Model& model = *drawing.model;
  Autoencoder& autoencoder = model.autoencoder();
  const char* reason = "the model produced values that are not numbers: its weights are damaged or overflow";
  if (!all_finite(latent)) return invalid("model", reason);
  const int height = drawing.extent.height, width = drawing.extent.width;
  const std::vector<float> pixels =
      drawing.cost.vae_tiled
          ? TRY(autoencoder.decode_tiled(latent, height, width, model.workspace()))
          : TRY(autoencoder.decode(latent, height, width, drawing.tiling, model.workspace()));
  if (!all_finite(pixels)) return invalid("model", reason);
  return picture_from_floats(pixels, width * autoencoder.scale(), height * autoencoder.scale());
}

Result<Picture> finish(Drawing& drawing) {
  LIMNER_CHECK(drawn(drawing), "a drawing is finished when it is drawn");
  const auto started = std::chrono::steady_clock::now();
  Result<Picture> picture = decode_latent(drawing, drawing.sampler->latent());
  drawing.times.decode_ms +=
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  return picture;
}

Result<Picture> preview(Drawing& drawing) {
  const std::span<const float> latent = drawing.sampler->denoised();
  if (latent.empty()) return Picture{};
  // A tiny autoencoder is as quick as a step is long: show the real thing.
  if (drawing.model->autoencoder().is_tiny()) return decode_latent(drawing, latent);
  const bool xl = drawing.model->family().micro_conditioning;
  const Picture small = approximate_colours(latent, drawing.extent, xl ? kSdxlColours : kSdColours);
  const int factor = drawing.model->autoencoder().scale();
  return resize(small, small.width * factor, small.height * factor, ResizeFilter::bicubic);
}

}  // namespace limner
