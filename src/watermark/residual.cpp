#include "watermark/residual.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"

namespace limner {
namespace {

constexpr double kNarrow = 0.8, kWide = 2.0;
constexpr int kGainBox = 9, kWhiteningBox = 9;
constexpr float kGainLowest = 2, kGainHighest = 30, kGainExponent = 0.4f;
constexpr float kClip = 4;

std::vector<float> gaussian(double deviation) {
  const int radius = static_cast<int>(std::ceil(3 * deviation));
  std::vector<float> weights;
  double sum = 0;
  for (int i = -radius; i <= radius; ++i) sum += std::exp(-0.5 * i * i / (deviation * deviation));
  for (int i = -radius; i <= radius; ++i)
    weights.push_back(static_cast<float>(std::exp(-0.5 * i * i / (deviation * deviation)) / sum));
  return weights;
}

// At the edges the nearest pixel is repeated.
Plane convolved_down(const Plane& plane, const std::vector<float>& weights) {
  const int radius = static_cast<int>(weights.size()) / 2;
  Plane out(plane.width, plane.height);
  for (int y = 0; y < plane.height; ++y) {
    float* __restrict to = out.row(y);
    for (int i = -radius; i <= radius; ++i) {
      const float* __restrict from = plane.row(std::clamp(y + i, 0, plane.height - 1));
      const float weight = weights[static_cast<size_t>(i + radius)];
      for (int x = 0; x < plane.width; ++x) to[x] += weight * from[x];
    }
  }
  return out;
}

void pad_row(const float* from, int width, int radius, std::vector<float>& padded) {
  padded.resize(static_cast<size_t>(width + 2 * radius));
  std::fill_n(padded.begin(), radius, from[0]);
  std::copy_n(from, width, padded.begin() + radius);
  std::fill_n(padded.begin() + radius + width, radius, from[width - 1]);
}

void convolve_across(Plane& plane, const std::vector<float>& weights) {
  const int radius = static_cast<int>(weights.size()) / 2;
  std::vector<float> padded;
  for (int y = 0; y < plane.height; ++y) {
    pad_row(plane.row(y), plane.width, radius, padded);
    float* __restrict to = plane.row(y);
    std::fill_n(to, plane.width, 0.0f);
    for (size_t i = 0; i < weights.size(); ++i) {
      const float* __restrict from = padded.data() + i;
      for (int x = 0; x < plane.width; ++x) to[x] += weights[i] * from[x];
    }
  }
}

Plane blurred(const Plane& plane, const std::vector<float>& weights) {
  Plane out = convolved_down(plane, weights);
  convolve_across(out, weights);
  return out;
}

Plane detail(const Plane& luma) {
  static const std::vector<float> narrow = gaussian(kNarrow), wide = gaussian(kWide);
  Plane out = blurred(luma, narrow);
  const Plane smooth = blurred(luma, wide);
  for (size_t i = 0; i < out.values.size(); ++i) out.values[i] -= smooth.values[i];
  return out;
}

// The root of the mean square over `box` x `box` pixels. Sums are taken anew at each pixel: running sums of
// floats would drift, and their last bits would depend on what lies far away.
Plane local_deviation(const Plane& plane, int box) {
  const std::vector<float> weights(static_cast<size_t>(box), 1.0f / static_cast<float>(box));
  Plane squares = plane;
  for (float& value : squares.values) value *= value;
  Plane out = blurred(squares, weights);
  for (float& value : out.values) value = std::sqrt(value);
  return out;
}

}  // namespace

Plane luma(const Picture& picture) {
  Plane plane(picture.width, picture.height);
  for (int y = 0; y < picture.height; ++y) {
    const uint8_t* from = picture.row(y);
    float* to = plane.row(y);
    for (int x = 0; x < picture.width; ++x, from += picture.channels)
      to[x] = picture.channels < 3
                  ? static_cast<float>(from[0])
                  : 0.299f * static_cast<float>(from[0]) + 0.587f * static_cast<float>(from[1]) +
                        0.114f * static_cast<float>(from[2]);
  }
  return plane;
}

Plane halved(const Plane& plane) {
  Plane out(plane.width / 2, plane.height / 2);
  for (int y = 0; y < out.height; ++y) {
    const float *a = plane.row(2 * y), *b = plane.row(2 * y + 1);
    float* to = out.row(y);
    for (int x = 0; x < out.width; ++x) to[x] = (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1]) * 0.25f;
  }
  return out;
}

Plane cropped(const Plane& plane, int left, int top, int width, int height) {
  LIMNER_CHECK(left >= 0 && top >= 0 && left + width <= plane.width && top + height <= plane.height,
               "a part lies inside");
  Plane out(width, height);
  for (int y = 0; y < height; ++y) std::copy_n(plane.row(top + y) + left, width, out.row(y));
  return out;
}

Plane texture_gain(const Plane& luma) {
  Plane gain = local_deviation(detail(luma), kGainBox);
  for (float& value : gain.values)
    value = std::pow(std::clamp(value, kGainLowest, kGainHighest), kGainExponent);
  return gain;
}

Plane whitened(const Plane& luma) {
  Plane out = detail(luma);
  const Plane deviation = local_deviation(out, kWhiteningBox);
  for (size_t i = 0; i < out.values.size(); ++i) {
    const float unit = deviation.values[i] + 1;
    const float root = std::sqrt(unit);
    out.values[i] = std::clamp(out.values[i] / (unit * root), -kClip / root, kClip / root);
  }
  return out;
}

}  // namespace limner
