#include "sampling/guidance.h"

#include <cmath>

#include "base/check.h"

namespace limner {
namespace {

// The sample standard deviation, with n - 1, as torch.std has it.
double deviation(std::span<const float> values) {
  double sum = 0, squares = 0;
  for (const float value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  for (const float value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

}  // namespace

void guide(std::span<const float> uncond, std::span<const float> cond, float scale, std::span<float> out) {
  LIMNER_CHECK(uncond.size() == out.size() && cond.size() == out.size(), "predictions of one size");
  for (size_t i = 0; i < out.size(); ++i) out[i] = uncond[i] + scale * (cond[i] - uncond[i]);
}

void guide(std::span<const float> uncond, std::span<const GuidedCondition> conditions, float scale,
           std::span<float> out) {
  for (const GuidedCondition& condition : conditions)
    LIMNER_CHECK(condition.prediction.size() == out.size(), "predictions of one size");
  LIMNER_CHECK(uncond.size() == out.size(), "predictions of one size");
  for (size_t i = 0; i < out.size(); ++i) {
    const float base = uncond[i];
    float sum = base;
    for (const auto& [prediction, weight] : conditions) sum += weight * scale * (prediction[i] - base);
    out[i] = sum;
  }
}

void guide_edit(std::span<const float> uncond, std::span<const float> image, std::span<const float> both,
                float text_scale, float image_scale, std::span<float> out) {
  LIMNER_CHECK(uncond.size() == out.size() && image.size() == out.size() && both.size() == out.size(),
               "predictions of one size");
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = uncond[i] + text_scale * (both[i] - image[i]) + image_scale * (image[i] - uncond[i]);
}

void rescale_guidance(std::span<const float> cond, float rescale, std::span<float> guided) {
  LIMNER_CHECK(cond.size() == guided.size() && guided.size() > 1, "predictions of one size");
  const double spread = deviation(guided);
  if (spread == 0) return;
  const auto factor = static_cast<float>(deviation(cond) / spread);
  for (float& value : guided) value = rescale * (value * factor) + (1 - rescale) * value;
}

}  // namespace limner
