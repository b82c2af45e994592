#pragma once
// Vectors of which only the direction counts.

#include <algorithm>
#include <cmath>
#include <span>

namespace limner {

/// Makes its length 1, as torch.nn.functional.normalize: what has no length stays 0.
inline void normalise(std::span<float> vector) {
  double square = 0;
  for (const float value : vector) square += double{value} * value;
  const double length = std::max(std::sqrt(square), 1e-12);
  for (float& value : vector) value = static_cast<float>(value / length);
}

/// Whether every value is a number.
inline bool all_finite(std::span<const float> vector) {
  return std::all_of(vector.begin(), vector.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace limner
