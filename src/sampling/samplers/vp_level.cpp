#include "sampling/samplers/vp_level.h"

#include <algorithm>
#include <cmath>

namespace limner {

VpLevel vp_level(float ratio) {
  float alpha = 1 / std::sqrt(ratio * ratio + 1);
  float sigma = ratio * alpha;
  return {alpha, sigma, std::log(alpha) - std::log(sigma)};
}

void vp_clean(Prediction kind, const VpLevel& level, std::span<const float> x,
              std::span<const float> prediction, std::span<float> clean) {
  const auto [alpha, sigma, lambda] = level;
  switch (kind) {
    case Prediction::epsilon:
      for (size_t i = 0; i < x.size(); ++i) clean[i] = (x[i] - sigma * prediction[i]) / alpha;
      break;
    case Prediction::v:
      for (size_t i = 0; i < x.size(); ++i) clean[i] = alpha * x[i] - sigma * prediction[i];
      break;
    case Prediction::sample:
      std::ranges::copy(prediction, clean.begin());
      break;
  }
}

void vp_noise(Prediction kind, const VpLevel& level, std::span<const float> x,
              std::span<const float> prediction, std::span<float> noise) {
  const auto [alpha, sigma, lambda] = level;
  switch (kind) {
    case Prediction::epsilon:
      std::ranges::copy(prediction, noise.begin());
      break;
    case Prediction::v:
      for (size_t i = 0; i < x.size(); ++i) noise[i] = alpha * prediction[i] + sigma * x[i];
      break;
    case Prediction::sample:
      for (size_t i = 0; i < x.size(); ++i) noise[i] = (x[i] - alpha * prediction[i]) / sigma;
      break;
  }
}

}  // namespace limner
