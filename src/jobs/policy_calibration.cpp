#include "jobs/policy_calibration.h"

#include <map>
#include <utility>

namespace limner {
namespace {

constexpr int kReviewsPage = 500;

CalibrationCount& count_of(CalibrationLine& line, ReviewCause cause) {
  switch (cause) {
    case ReviewCause::sample:
      return line.passed;
    case ReviewCause::held:
      return line.held;
    case ReviewCause::appeal:
      return line.refused;
  }
  return line.held;
}

void add(CalibrationLine& line, const Review& review) {
  const bool bad = review.outcome == Standing::refused;
  CalibrationCount& count = count_of(line, review.cause);
  ++count.looked_at;
  count.wrongly += review.cause == ReviewCause::sample ? bad : !bad;
  for (ThresholdLine& threshold : line.thresholds) {
    const bool objected = review.verdict.risk >= threshold.threshold;
    threshold.false_positives += objected && !bad;
    threshold.false_negatives += !objected && bad;
  }
}

Json count_json(const CalibrationCount& count) {
  return {{"looked_at", count.looked_at}, {"wrongly", count.wrongly}};
}

}  // namespace

Result<std::vector<CalibrationLine>> calibrate(ReviewTable& reviews) {
  std::map<std::pair<std::string, VerdictStage>, CalibrationLine> lines;
  std::string last;
  for (;;) {
    const std::vector<Review> page = TRY(reviews.decided(last, kReviewsPage));
    for (const Review& review : page) {
      const auto [at, made] = lines.try_emplace({review.verdict.policy, review.verdict.stage});
      if (made) {
        at->second.policy = review.verdict.policy;
        at->second.stage = review.verdict.stage;
        for (size_t i = 0; i < at->second.thresholds.size(); ++i)
          at->second.thresholds[i].threshold = static_cast<double>(i + 1) / 10;
      }
      add(at->second, review);
    }
    if (page.size() < kReviewsPage) break;
    last = page.back().id;
  }
  std::vector<CalibrationLine> sorted;
  for (auto& [key, line] : lines) sorted.push_back(std::move(line));
  return sorted;
}

Json calibration_json(const std::vector<CalibrationLine>& lines) {
  Json all = Json::array();
  for (const CalibrationLine& line : lines) {
    Json thresholds = Json::array();
    for (const ThresholdLine& each : line.thresholds)
      thresholds.push_back({{"threshold", each.threshold},
                            {"false_positives", each.false_positives},
                            {"false_negatives", each.false_negatives}});
    all.push_back({{"policy", line.policy},
                   {"stage", verdict_stage_name(line.stage)},
                   {"passed", count_json(line.passed)},
                   {"held", count_json(line.held)},
                   {"refused", count_json(line.refused)},
                   {"thresholds", std::move(thresholds)}});
  }
  return {{"policies", std::move(all)}};
}

}  // namespace limner
