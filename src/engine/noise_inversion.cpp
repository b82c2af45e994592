#include "engine/noise_inversion.h"

#include <algorithm>

#include "engine/drawing.h"
#include "image/pixels.h"
#include "image/resize.h"
#include "sampling/inversion.h"

namespace limner {
namespace {

Result<void> check_invertible(const Model& model) {
  if (model.inpainting() || model.pix2pix())
    return unsupported("model",
                       "draws over pictures, and what it begins with cannot be found again without them");
  if (!model.controlnets().empty())
    return unsupported("model", "has ControlNets, which need the pictures it was drawn with");
  return {};
}

Result<std::vector<float>> encoded(Drawing& drawing, const Picture& picture) {
  EncodedPicture encoded = TRY(encode(drawing, floats_from_picture(picture)));
  drawing.model->autoencoder().scale_latents(encoded.mean);
  return std::move(encoded.mean);
}

// The latent whose decoding encodes to what the picture does. Encoders are only about the inverse of their
// decoders, and steps back to the noise enlarge the difference. A fixed-point iteration: no gradients.
Result<std::vector<float>> clean_latent(Drawing& drawing, const Picture& picture, int refinements) {
  const std::vector<float> wanted = TRY(encoded(drawing, picture));
  std::vector<float> latent = wanted;
  for (int i = 0; i < refinements; ++i) {
    const std::vector<float> reached = TRY(encoded(drawing, TRY(decode_latent(drawing, latent))));
    for (size_t k = 0; k < latent.size(); ++k) latent[k] += wanted[k] - reached[k];
  }
  return latent;
}

}  // namespace

Result<std::vector<float>> invert_noise(Model& model, const Picture& picture,
                                        const InversionOptions& options) {
  TRY(check_invertible(model));
  DrawingParams params;
  params.width = options.width;
  params.height = options.height;
  params.steps = options.steps;
  params.guidance = 1;
  params.seed = 0;
  params.sampler = "ddim";
  const DrawingPtr drawing = TRY(open(model, params, {}));
  const Picture fitted = TRY(resize(picture, options.width, options.height, ResizeFilter::lanczos));
  const std::vector<float> clean = TRY(clean_latent(*drawing, fitted, options.refinements));
  drawing->sampler = TRY(make_ddim_inversion(drawing->request));
  std::ranges::copy(clean, drawing->sampler->latent().begin());
  Drawing* const one[] = {drawing.get()};
  while (!drawn(*drawing)) {
    TRY(step(one));
    if (options.progress && !options.progress(drawing->sampler->asks_done(), options.steps))
      return Error{Code::cancelled, "", "interrupted", ""};
  }
  const std::span<const float> noise = drawing->sampler->latent();
  return std::vector<float>(noise.begin(), noise.end());
}

}  // namespace limner
