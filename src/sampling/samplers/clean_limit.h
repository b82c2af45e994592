#pragma once

#include <span>
#include <vector>

#include "sampling/training_schedule.h"

namespace limner {

/// What a model's config asks to be done to a clean estimate before it is used.
class CleanLimit {
 public:
  explicit CleanLimit(const TrainingSchedule& training);

  /// Dynamic thresholding if the config asks for it, else clip(). Saharia et al. 2022 (arXiv:2205.11487),
  /// section 2.3; diffusers' _threshold_sample. `scratch` is as large as `clean` and is overwritten.
  /// Allocates nothing.
  void apply(std::span<float> clean, std::span<float> scratch) const;
  /// Clips to +-clip_sample_range if the config says clip_sample.
  void clip(std::span<float> clean) const;

 private:
  void threshold(std::span<float> clean, std::span<float> scratch) const;

  bool clip_sample_, thresholding_;
  float clip_range_, ratio_, max_value_;
};

}  // namespace limner
