#include "image/pixels.h"

#include <cmath>

#include "base/check.h"

namespace limner {
namespace {

uint8_t byte_from_float(float value) {
  const float unit = value * 0.5f + 0.5f;
  if (!(unit > 0.0f)) return 0;
  if (unit >= 1.0f) return 255;
  return static_cast<uint8_t>(std::nearbyint(unit * 255.0f));
}

}  // namespace

std::vector<float> floats_from_picture(const Picture& picture) {
  const size_t pixel_count = static_cast<size_t>(picture.width) * picture.height;
  std::vector<float> values(pixel_count * 3);
  const int step = picture.channels == 1 ? 0 : 1;
  for (size_t i = 0; i < pixel_count; ++i) {
    const uint8_t* pixel = picture.pixels.data() + i * picture.channels;
    for (int c = 0; c < 3; ++c) values[i * 3 + c] = 2.0f * (pixel[c * step] / 255.0f) - 1.0f;
  }
  return values;
}

Picture picture_from_floats(std::span<const float> values, int width, int height) {
  LIMNER_CHECK(values.size() == static_cast<size_t>(width) * height * 3, "three floats a pixel");
  Picture picture{width, height, 3, std::vector<uint8_t>(values.size())};
  for (size_t i = 0; i < values.size(); ++i) picture.pixels[i] = byte_from_float(values[i]);
  return picture;
}

}  // namespace limner
