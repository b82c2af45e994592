#pragma once
// How right policies were, by what persons decided afterwards.

#include <array>
#include <string>
#include <vector>

#include "base/json.h"
#include "ledger/reviews.h"

namespace limner {

/// What persons made of what a policy had said.
struct CalibrationCount {
  int looked_at = 0;
  int wrongly = 0;  ///< passed and then refused; held or refused and then approved
};

/// What would have been right if everything from a score on had been objected to.
struct ThresholdLine {
  double threshold = 0;
  int false_positives = 0;  ///< approved by persons, at or above it
  int false_negatives = 0;  ///< refused by persons, below it
};

struct CalibrationLine {
  std::string policy;  ///< its version
  VerdictStage stage = VerdictStage::output;
  CalibrationCount passed;                  ///< a sample of what passed: estimates its false negatives
  CalibrationCount held;                    ///< all of it
  CalibrationCount refused;                 ///< what was appealed
  std::array<ThresholdLine, 9> thresholds;  ///< 0.1 to 0.9, over everything that was looked at
};

/// Of all decided reviews, by policy version and stage, in the order of their names.
Result<std::vector<CalibrationLine>> calibrate(ReviewTable& reviews);
Json calibration_json(const std::vector<CalibrationLine>& lines);

}  // namespace limner
