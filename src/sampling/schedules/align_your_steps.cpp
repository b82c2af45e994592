// Levels found by optimisation for one model family each, resampled log-linearly to the step count. Sabour et
// al. 2024 (arXiv:2404.14507) and its project page; A1111's "Align Your Steps".

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "sampling/schedules/schedule_frame.h"

namespace limner {
namespace {

constexpr std::array kSd15 = {14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029};
constexpr std::array kSdxl = {14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029};

SchedulePoints resampled(const ScheduleFrame& frame, std::span<const double> levels) {
  SchedulePoints points;
  for (const double position : linspace(0, static_cast<double>(levels.size() - 1), frame.steps)) {
    const size_t low = std::min(static_cast<size_t>(position), levels.size() - 2);
    const double here = std::log(levels[low]), next = std::log(levels[low + 1]);
    points.sigmas.push_back(std::exp(here + (next - here) * (position - static_cast<double>(low))));
  }
  points.timesteps = frame.told(frame.timesteps_of(points.sigmas));
  return points;
}

constexpr std::string_view kAlignYourStepsAliases[] = {"ays"};
constexpr std::string_view kAlignYourStepsXlAliases[] = {"ays_sdxl"};

}  // namespace

extern const NoiseSchedule kAlignYourSteps, kAlignYourStepsXl;
const NoiseSchedule kAlignYourSteps = {"align_your_steps",
                                       "Align Your Steps",
                                       kAlignYourStepsAliases,
                                       "optimised for SD 1.5, about ten steps",
                                       false,
                                       [](const ScheduleFrame& frame) { return resampled(frame, kSd15); }};
const NoiseSchedule kAlignYourStepsXl = {"align_your_steps_sdxl",
                                         "Align Your Steps SDXL",
                                         kAlignYourStepsXlAliases,
                                         "optimised for SDXL, about ten steps",
                                         false,
                                         [](const ScheduleFrame& frame) { return resampled(frame, kSdxl); }};

}  // namespace limner
