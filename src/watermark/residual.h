#pragma once
// What is left of a picture when its contents are taken out, as far as they can be.

#include <vector>

#include "image/picture.h"

namespace limner {

/// One number a pixel.
struct Plane {
  int width = 0, height = 0;
  std::vector<float> values;  ///< [height, width]

  Plane() = default;
  Plane(int w, int h) : width(w), height(h), values(static_cast<size_t>(w) * static_cast<size_t>(h)) {}
  float* row(int y) { return values.data() + static_cast<size_t>(y) * static_cast<size_t>(width); }
  const float* row(int y) const {
    return values.data() + static_cast<size_t>(y) * static_cast<size_t>(width);
  }
};

/// ITU-R 601 luma, 0 to 255.
Plane luma(const Picture& picture);

/// Half the size: means of 2 x 2 pixels; a last odd row or column is left out.
Plane halved(const Plane& plane);

/// A part of a plane. It must lie inside.
Plane cropped(const Plane& plane, int left, int top, int width, int height);

/// What the eye forgives at each pixel: the local standard deviation of detail (9 x 9 pixels), within 2 to
/// 30, to the power 0.4; a watermark is multiplied by it.
Plane texture_gain(const Plane& luma);

/// Whitened luma: a difference of Gaussians (standard deviations 0.8 and 2), whose response grows with
/// frequency as the spectrum of pictures falls, divided by the local standard deviation (9 x 9 pixels) to
/// the power 1.5, so that busy places do not drown quiet ones, and clipped at 4 of them.
Plane whitened(const Plane& luma);

}  // namespace limner
