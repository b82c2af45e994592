#pragma once
// Between bytes and the floats a network sees.

#include <span>
#include <vector>

#include "image/picture.h"

namespace limner {

/// Pixels as floats in [-1, 1]: 2 * (x / 255) - 1, each operation in f32 (diffusers' VaeImageProcessor:
/// pil_to_numpy, normalize). The result is [height, width, 3], channels last; alpha is left out, one channel
/// becomes three equal ones.
std::vector<float> floats_from_picture(const Picture& picture);

/// A picture of three channels from `values` [height, width, 3] in about [-1, 1]: clamp(x / 2 + 0.5, 0, 1) *
/// 255 in f32, rounded half to even (diffusers: denormalize, numpy_to_pil). Not-a-number becomes 0. Another
/// size of `values` is a CHECK.
Picture picture_from_floats(std::span<const float> values, int width, int height);

}  // namespace limner
