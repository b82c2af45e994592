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

LatentExtent second_extent(const Drawing& drawing) {
  LatentExtent extent = drawing.extent;
  const auto enlarged = [&](int side) {
    return std::max(1, static_cast<int>(side * drawing.params.hires_scale + 0.5));
  };
  extent.height = enlarged(extent.height);
  extent.width = enlarged(extent.width);
  return extent;
}

Result<void> begin_second_pass(Drawing& drawing) {
  const LatentExtent from = drawing.extent, to = second_extent(drawing);
  drawing.evaluations_before = drawing.sampler->asks_done();
  const int steps = drawing.params.hires_steps > 0 ? drawing.params.hires_steps : *drawing.params.steps;
  std::vector<float> latent(drawing.sampler->latent().begin(), drawing.sampler->latent().end());
  const std::string& upscaler = drawing.params.hires_upscaler;
  std::vector<float> clean;
  if (upscaler == "latent" || upscaler == "latent_nearest") {
    clean = enlarge_latent(latent, from, to, upscaler == "latent_nearest");
    drawing.extent = to;
  } else {
    const Picture small = TRY(decode_latent(drawing, latent));
    const Picture large = TRY(drawing.upscaler->enlarge(small, {}));
    drawing.extent = to;
    const int factor = drawing.model->autoencoder().scale();
    const Picture fitted = TRY(resize(large, to.width * factor, to.height * factor, ResizeFilter::lanczos));
    clean = TRY(encode_sample(drawing, floats_from_picture(fitted)));
  }
  drawing.picture = {};
  TRY(make_sampler(drawing, steps, drawing.params.hires_strength));
  set_time_ids(drawing);
  TRY(prepare_controls(drawing));
  std::vector<float> noise(drawing.extent.count());
  drawing.noise->normal(noise);
  start(*drawing.sampler, drawing.request, clean, noise);
  drawing.wants_second_pass = false;
  return {};
}

}  // namespace limner
