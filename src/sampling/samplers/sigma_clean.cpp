#include "sampling/samplers/sigma_clean.h"

#include <algorithm>
#include <cmath>

namespace limner {

void sigma_clean(Prediction kind, float sigma, std::span<const float> x, std::span<const float> prediction,
                 std::span<float> clean) {
  const float variance = sigma * sigma + 1;
  const float v_weight = -sigma / std::sqrt(variance);
  switch (kind) {
    case Prediction::epsilon:
      for (size_t i = 0; i < x.size(); ++i) clean[i] = x[i] - sigma * prediction[i];
      break;
    case Prediction::v:
      for (size_t i = 0; i < x.size(); ++i) clean[i] = prediction[i] * v_weight + x[i] / variance;
      break;
    case Prediction::sample:
      std::ranges::copy(prediction, clean.begin());
      break;
  }
}

AncestralStep ancestral_step(float sigma_from, float sigma_to, float eta) {
  const float from = sigma_from * sigma_from, to = sigma_to * sigma_to;
  const float up = std::min(sigma_to, eta * std::sqrt(to * (from - to) / from));
  return {std::sqrt(to - up * up), up};
}

}  // namespace limner
