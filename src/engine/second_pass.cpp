// Hires-fix: what was drawn small is enlarged, noised again and drawn to its end at the larger size.

#include <algorithm>

#include "engine/drawing.h"
#include "engine/upscaler.h"
#include "image/pixels.h"
#include "image/resize.h"

namespace limner {
namespace {

// Bilinear without antialiasing, or nearest, pixel centres aligned: torch's interpolate(align_corners=False).
std::vector<float> enlarge_latent(std::span<const float> latent, const LatentExtent& from,
                                  const LatentExtent& to, bool nearest) {
  std::vector<float> out(to.count());
  const auto place = [](int i, int target, int source) {
    const float at =
        (static_cast<float>(i) + 0.5f) * static_cast<float>(source) / static_cast<float>(target) - 0.5f;
    return std::clamp(at, 0.0f, static_cast<float>(source - 1));
  };
  for (int c = 0; c < to.channels; ++c) {
    const float* plane = latent.data() + static_cast<size_t>(c) * from.height * from.width;
    const auto value = [&](int y, int x) {
      return plane[static_cast<size_t>(std::min(y, from.height - 1)) * from.width +
                   std::min(x, from.width - 1)];
    };
    for (int y = 0; y < to.height; ++y)
      for (int x = 0; x < to.width; ++x) {
        float& result = out[(static_cast<size_t>(c) * to.height + y) * to.width + x];
        if (nearest) {
          result = value(y * from.height / to.height, x * from.width / to.width);
          continue;
        }
        const float fy = place(y, to.height, from.height), fx = place(x, to.width, from.width);
        const int y0 = static_cast<int>(fy), x0 = static_cast<int>(fx);
        const float dy = fy - static_cast<float>(y0), dx = fx - static_cast<float>(x0);
        const float top = value(y0, x0) * (1 - dx) + value(y0, x0 + 1) * dx;
        const float bottom = value(y0 + 1, x0) * (1 - dx) + value(y0 + 1, x0 + 1) * dx;
        result = top * (1 - dy) + bottom * dy;
      }
  }
  return out;
}

}  // namespace

LatentExtent second_extent(const LatentExtent& first, double scale) {
  const auto enlarged = [&](int side) { return std::max(1, static_cast<int>(side * scale + 0.5)); };
  return {first.channels, enlarged(first.height), enlarged(first.width)};
}

int second_steps(const DrawingParams& params) {
  return params.hires_steps > 0 ? params.hires_steps : *params.steps;
}

Result<void> enter_second_pass(Drawing& drawing) {
  drawing.evaluations_before = drawing.sampler->asks_total();
  drawing.evaluations_later = 0;
  drawing.wants_second_pass = false;
  drawing.picture = {};
  drawing.extent = second_extent(first_extent(*drawing.model, drawing.params), drawing.params.hires_scale);
  TRY(make_sampler(drawing, second_steps(drawing.params), drawing.params.hires_strength));
  set_time_ids(drawing);
  return prepare_controls(drawing);
}

Result<void> begin_second_pass(Drawing& drawing) {
  const LatentExtent from = drawing.extent, to = second_extent(from, drawing.params.hires_scale);
  std::vector<float> latent(drawing.sampler->latent().begin(), drawing.sampler->latent().end());
  std::vector<float> clean;
  if (!has_second_upscaler(drawing.params)) {
    clean = enlarge_latent(latent, from, to, drawing.params.hires_upscaler == "latent_nearest");
    TRY(enter_second_pass(drawing));
  } else {
    const Picture small = TRY(decode_latent(drawing, latent));
    const Picture large = TRY(drawing.upscaler->enlarge(small, {}));
    const int factor = drawing.model->autoencoder().scale();
    const Picture fitted = TRY(resize(large, to.width * factor, to.height * factor, ResizeFilter::lanczos));
    TRY(enter_second_pass(drawing));
    clean = TRY(encode_sample(drawing, floats_from_picture(fitted)));
  }
  std::vector<float> noise(drawing.extent.count());
  drawing.noise->normal(noise);
  start(*drawing.sampler, drawing.request, clean, noise);
  return {};
}

}  // namespace limner
