// Evenly spaced in time from the noisiest timestep to the cleanest, both included. k-diffusion's get_sigmas,
// which ComfyUI calls "normal".

#include <utility>

#include "sampling/schedules/schedule_frame.h"

namespace limner {
namespace {

SchedulePoints make_normal_schedule(const ScheduleFrame& frame) {
  SchedulePoints points;
  points.timesteps = linspace(static_cast<double>(frame.table.size() - 1), 0, frame.steps);
  for (const double timestep : points.timesteps) points.sigmas.push_back(frame.sigma_log(timestep));
  points.timesteps = frame.told(std::move(points.timesteps));
  return points;
}

}  // namespace

extern const NoiseSchedule kNormal;
const NoiseSchedule kNormal = {
    "normal", "Normal", {}, "evenly spaced in time, both ends included", true, make_normal_schedule};

}  // namespace limner
