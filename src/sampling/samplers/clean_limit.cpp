#include "sampling/samplers/clean_limit.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace limner {
namespace {

// The order of non-negative floats is that of their bits; unlike <, it has a place for the NaNs of a broken
// network.
uint32_t order(float value) { return std::bit_cast<uint32_t>(value); }

// torch.quantile of non-negative numbers: linear between the two nearest ranks, in f32. Reorders `values`.
float quantile(std::span<float> values, float ratio) {
  const float rank = ratio * static_cast<float>(values.size() - 1);
  const auto low = static_cast<std::ptrdiff_t>(rank);
  std::ranges::nth_element(values, values.begin() + low, {}, order);
  const float below = values[static_cast<size_t>(low)];
  const float weight = rank - static_cast<float>(low);
  if (weight == 0) return below;
  const float above = *std::ranges::min_element(values.subspan(static_cast<size_t>(low) + 1), {}, order);
  return weight < 0.5f ? below + weight * (above - below) : above - (above - below) * (1 - weight);
}

}  // namespace

CleanLimit::CleanLimit(const TrainingSchedule& training)
    : clip_sample_(training.clip_sample),
      thresholding_(training.thresholding),
      clip_range_(training.clip_sample_range),
      ratio_(training.dynamic_thresholding_ratio),
      max_value_(training.sample_max_value) {}

void CleanLimit::apply(std::span<float> clean, std::span<float> scratch) const {
  if (thresholding_) return threshold(clean, scratch);
  clip(clean);
}

void CleanLimit::clip(std::span<float> clean) const {
  if (!clip_sample_) return;
  for (float& value : clean) value = std::clamp(value, -clip_range_, clip_range_);
}

void CleanLimit::threshold(std::span<float> clean, std::span<float> scratch) const {
  std::ranges::transform(clean, scratch.begin(), [](float value) { return std::fabs(value); });
  // torch.clamp(min=1, max): the maximum wins where it is below 1.
  const float bound = std::min(std::max(quantile(scratch, ratio_), 1.0f), max_value_);
  for (float& value : clean) value = std::clamp(value, -bound, bound) / bound;
}

}  // namespace limner
