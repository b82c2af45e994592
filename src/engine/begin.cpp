// How a drawing begins: the order in which its noise stream is read is the order in which diffusers'
// pipelines read theirs.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/drawing.h"
#include "engine/noise_mix.h"
#include "image/mask.h"
#include "image/pixels.h"
#include "image/resize.h"

namespace limner {

int steps_left_out(int steps, double strength) {
  return std::max(steps - std::min(static_cast<int>(steps * strength), steps), 0);
}

Result<EncodedPicture> encode(Drawing& drawing, std::span<const float> pixels) {
  Model& model = *drawing.model;
  const int factor = model.autoencoder().scale();
  const int height = drawing.extent.height * factor, width = drawing.extent.width * factor;
  if (drawing.cost.vae_tiled)
    return model.autoencoder().encode_tiled(pixels, height, width, model.workspace());
  return model.autoencoder().encode(pixels, height, width, drawing.tiling, model.workspace());
}

// The picture's own draw of latents, as the denoiser knows them.
Result<std::vector<float>> encode_sample(Drawing& drawing, std::span<const float> pixels) {
  const EncodedPicture encoded = TRY(encode(drawing, pixels));
  std::vector<float> latent = sample(encoded, *drawing.noise);
  drawing.model->autoencoder().scale_latents(latent);
  return latent;
}

bool spaces_by_strength(const Model& model, const DrawingParams& params) {
  return model.files().pipeline_class.starts_with("LatentConsistencyModel") && params.sampler == "lcm" &&
         params.schedule == "plain";
}

double first_strength(const Model& model, const DrawingParams& params) {
  return model.pix2pix() ? 1 : params.strength.value_or(1);
}

LatentExtent first_extent(const Model& model, const DrawingParams& params) {
  const int factor = model.autoencoder().scale();
  return {model.autoencoder().latent_channels(), *params.height / factor, *params.width / factor};
}

size_t deep_count(const Model& model, const LatentExtent& extent) {
  return static_cast<size_t>(deep_channels(model.unet())) * static_cast<size_t>(extent.height) *
         static_cast<size_t>(extent.width);
}

SamplerRequest sampler_request(const Model& model, const DrawingParams& params, int steps, double strength,
                               const LatentExtent& extent) {
  SamplerRequest request;
  request.training = &model.training();
  request.schedule = params.schedule;
  request.steps = steps;
  const bool spaced = spaces_by_strength(model, params);
  request.skip = spaced ? 0 : steps_left_out(steps, strength);
  request.distilled_share = spaced ? strength : 1;
  // diffusers' pipelines give TCD an eta of 0 where nothing else is said, not the scheduler's own default.
  const double default_eta = params.sampler == "tcd" ? 0 : -1;
  request.eta = static_cast<float>(params.eta.value_or(default_eta));
  request.latent_size = extent.count();
  request.channels = extent.channels;
  request.height = extent.height;
  request.width = extent.width;
  request.seed = *params.seed;
  return request;
}

Result<void> make_sampler(Drawing& drawing, int steps, double strength) {
  drawing.request = sampler_request(*drawing.model, drawing.params, steps, strength, drawing.extent);
  drawing.sampler = TRY(TRY(find_sampler(drawing.params.sampler))->make(drawing.request));
  drawing.guided.assign(drawing.extent.count(), 0.0f);
  const size_t rows = drawing.prompts.positive.size() + (drawing.model->pix2pix() ? 2 : 1);
  drawing.predictions.assign(rows, std::vector<float>(drawing.extent.count()));
  drawing.rows.reserve(rows + 1);
  drawing.deep_rows = 0;
  drawing.deep.clear();
  if (drawing.params.step_cache > 1)
    drawing.deep.assign(rows, std::vector<float>(deep_count(*drawing.model, drawing.extent)));
  return {};
}

namespace {

// The noise of `seed` with the signs it is to have.
void set_signs(std::span<float> noise, const NoiseSigns& signs, uint64_t seed) {
  const std::vector<uint64_t> positive = signs.signs(seed, noise.size());
  for (size_t i = 0; i < noise.size(); ++i)
    noise[i] = std::copysign(noise[i], positive[i / 64] >> (i % 64) & 1u ? 1.0f : -1.0f);
}

// Each seed's noise is marked before it is mixed: what is mixed whole is that seed's own.
Result<std::vector<float>> draw_noise(Drawing& drawing, const NoiseSigns* signs = nullptr) {
  std::vector<float> noise(drawing.extent.count());
  drawing.noise->normal(noise);
  if (signs) set_signs(noise, *signs, *drawing.params.seed);
  const NoiseKind& kind = *TRY(find_noise_kind(drawing.params.noise));
  const auto mix = [&](uint64_t seed, double amount) {
    std::vector<float> other(noise.size());
    kind.make(seed)->normal(other);
    if (signs) set_signs(other, *signs, seed);
    slerp(noise, other, drawing.extent, amount);
  };
  if (drawing.params.variation_strength > 0)
    mix(*drawing.params.variation_seed, drawing.params.variation_strength);
  if (drawing.params.blend_seed && drawing.params.blend > 0)
    mix(*drawing.params.blend_seed, drawing.params.blend);
  return noise;
}

// Mask and masked picture beside the latent (inpainting models), or the picture to edit (InstructPix2Pix).
void set_extra(Drawing& drawing, std::span<const float> mask, std::span<const float> latent) {
  PictureInput& picture = drawing.picture;
  const int channels = drawing.extent.channels, offset = mask.empty() ? 0 : 1;
  picture.extra_channels = channels + offset;
  picture.extra.resize(static_cast<size_t>(drawing.extent.height) * drawing.extent.width *
                       picture.extra_channels);
  if (offset) planes_to_pixels(mask, 1, picture.extra, picture.extra_channels, 0);
  planes_to_pixels(latent, channels, picture.extra, picture.extra_channels, offset);
}

// [h, w]: the mask at every factor-th pixel, as torch's nearest interpolation takes it.
std::vector<float> latent_mask(const Picture& mask, const LatentExtent& extent, int factor) {
  std::vector<float> out(static_cast<size_t>(extent.height) * extent.width);
  for (int y = 0; y < extent.height; ++y)
    for (int x = 0; x < extent.width; ++x)
      out[static_cast<size_t>(y) * extent.width + x] = mask.row(y * factor)[x * factor] >= 128 ? 1.0f : 0.0f;
  return out;
}

// Alpha is left out, not blended: the colours under it are what the maker of the picture chose.
Picture without_alpha(const Picture& picture) {
  if (picture.channels != 4) return picture;
  Picture out{picture.width, picture.height, 3, {}};
  out.pixels.reserve(picture.pixels.size() / 4 * 3);
  for (size_t i = 0; i < picture.pixels.size(); i += 4)
    out.pixels.insert(out.pixels.end(), {picture.pixels[i], picture.pixels[i + 1], picture.pixels[i + 2]});
  return out;
}

std::vector<float> blank_where_masked(std::span<const float> pixels, const Picture& mask) {
  std::vector<float> out(pixels.begin(), pixels.end());
  for (size_t i = 0; i < mask.pixels.size(); ++i)
    if (mask.pixels[i] >= 128) std::fill_n(out.begin() + static_cast<ptrdiff_t>(3 * i), 3, 0.0f);
  return out;
}

Result<void> begin_plain(Drawing& drawing, const NoiseSigns* signs) {
  TRY(make_sampler(drawing, *drawing.params.steps, first_strength(*drawing.model, drawing.params)));
  const std::vector<float> noise = TRY(draw_noise(drawing, signs));
  start(*drawing.sampler, drawing.request, {}, noise);
  return {};
}

Result<void> begin_edit(Drawing& drawing, std::span<const float> pixels) {
  const EncodedPicture encoded = TRY(encode(drawing, pixels));
  set_extra(drawing, {}, encoded.mean);
  return begin_plain(drawing, nullptr);
}

Result<void> begin_over_picture(Drawing& drawing, std::span<const float> pixels) {
  TRY(make_sampler(drawing, *drawing.params.steps, first_strength(*drawing.model, drawing.params)));
  const std::vector<float> clean = TRY(encode_sample(drawing, pixels));
  const std::vector<float> noise = TRY(draw_noise(drawing));
  start(*drawing.sampler, drawing.request, clean, noise);
  return {};
}

Result<void> begin_inpainting(Drawing& drawing, std::span<const float> pixels, const Picture& mask) {
  Model& model = *drawing.model;
  PictureInput& picture = drawing.picture;
  const bool from_noise = *drawing.params.strength >= 1.0;
  TRY(make_sampler(drawing, *drawing.params.steps, first_strength(*drawing.model, drawing.params)));
  if (!model.inpainting() || !from_noise) picture.clean = TRY(encode_sample(drawing, pixels));
  picture.noise = TRY(draw_noise(drawing));
  start(*drawing.sampler, drawing.request, from_noise ? std::span<const float>() : picture.clean,
        picture.noise);
  picture.mask = latent_mask(mask, drawing.extent, model.autoencoder().scale());
  // diffusers encodes the masked picture for plain models too: its draw belongs to the stream.
  const std::vector<float> masked = TRY(encode_sample(drawing, blank_where_masked(pixels, mask)));
  if (model.inpainting()) set_extra(drawing, picture.mask, masked);
  return {};
}

Result<void> begin(Drawing& drawing, const Picture& init, const Picture& mask, const NoiseSigns* signs) {
  drawing.picture = {};
  if (init.empty()) return begin_plain(drawing, signs);
  const std::vector<float> pixels = floats_from_picture(init);
  if (drawing.model->pix2pix()) return begin_edit(drawing, pixels);
  if (mask.empty()) return begin_over_picture(drawing, pixels);
  return begin_inpainting(drawing, pixels, mask);
}

}  // namespace

Result<void> begin_first_pass(Drawing& drawing, const DrawingInputs& inputs, const NoiseSigns* signs) {
  const int factor = drawing.model->autoencoder().scale();
  const int width = drawing.extent.width * factor, height = drawing.extent.height * factor;
  Picture init, mask;
  if (!inputs.init.empty())
    init = TRY(resize(without_alpha(inputs.init), width, height, ResizeFilter::lanczos));
  if (!inputs.mask.empty()) {
    mask = to_grey(TRY(resize(without_alpha(inputs.mask), width, height, ResizeFilter::lanczos)));
    binarise_mask(mask);
  }
  return begin(drawing, init, mask, signs);
}

}  // namespace limner
