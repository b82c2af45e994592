#include "engine/noise_mix.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace limner {

void slerp(std::span<float> noise, std::span<const float> other, const LatentExtent& extent, double amount) {
  const int rows = extent.height, columns = extent.width;
  const size_t plane = static_cast<size_t>(rows) * columns;
  std::vector<double> angles;
  double mean = 0;
  for (int c = 0; c < extent.channels; ++c)
    for (int x = 0; x < columns; ++x) {
      double aa = 0, bb = 0, ab = 0;
      for (int y = 0; y < rows; ++y) {
        const size_t i = static_cast<size_t>(c) * plane + static_cast<size_t>(y) * columns + x;
        aa += double{noise[i]} * noise[i];
        bb += double{other[i]} * other[i];
        ab += double{noise[i]} * other[i];
      }
      angles.push_back(std::clamp(ab / std::sqrt(std::max(aa * bb, 1e-30)), -1.0, 1.0));
      mean += angles.back();
    }
  const bool linear = mean / static_cast<double>(angles.size()) > 0.9995;
  for (size_t i = 0; i < noise.size(); ++i) {
    const double omega = std::acos(angles[i / plane * columns + i % columns]), sine = std::sin(omega);
    const bool flat = linear || sine < 1e-8;
    const double a = flat ? 1 - amount : std::sin((1 - amount) * omega) / sine;
    const double b = flat ? amount : std::sin(amount * omega) / sine;
    noise[i] = static_cast<float>(a * noise[i] + b * other[i]);
  }
}

}  // namespace limner
