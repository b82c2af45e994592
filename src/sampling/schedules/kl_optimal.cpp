// Evenly spaced in arctan(sigma). Sabour et al. 2024 (arXiv:2404.14507), equation 8; ComfyUI's
// kl_optimal_scheduler.

#include <cmath>
#include <utility>

#include "sampling/schedules/schedule_frame.h"

namespace limner {
namespace {

SchedulePoints make_kl_optimal_schedule(const ScheduleFrame& frame) {
  SchedulePoints points;
  const double noisy = std::atan(frame.table.back()), clean = std::atan(frame.table.front());
  for (const double ramp : linspace(0, 1, frame.steps))
    points.sigmas.push_back(std::tan(ramp * clean + (1 - ramp) * noisy));
  points.timesteps = frame.told(frame.timesteps_of(points.sigmas));
  return points;
}

}  // namespace

extern const NoiseSchedule kKlOptimal;
const NoiseSchedule kKlOptimal = {"kl_optimal", "KL Optimal",
                                  {},           "evenly spaced in the angle of the noise",
                                  false,        make_kl_optimal_schedule};

}  // namespace limner
