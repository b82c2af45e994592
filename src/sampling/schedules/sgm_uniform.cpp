// Evenly spaced in time from the noisiest timestep, the cleanest left out: a "trailing" spacing, as
// Stability's generative-models repository samples SDXL. ComfyUI's normal_scheduler(sgm=True), A1111's "SGM
// Uniform".

#include <utility>

#include "sampling/schedules/schedule_frame.h"

namespace limner {
namespace {

SchedulePoints make_sgm_uniform_schedule(const ScheduleFrame& frame) {
  SchedulePoints points;
  points.timesteps = linspace(static_cast<double>(frame.table.size() - 1), 0, frame.steps + 1);
  points.timesteps.pop_back();
  for (const double timestep : points.timesteps) points.sigmas.push_back(frame.sigma_log(timestep));
  points.timesteps = frame.told(std::move(points.timesteps));
  return points;
}

constexpr std::string_view kSgmUniformAliases[] = {"trailing"};

}  // namespace

extern const NoiseSchedule kSgmUniform;
const NoiseSchedule kSgmUniform = {"sgm_uniform",
                                   "SGM Uniform",
                                   kSgmUniformAliases,
                                   "evenly spaced in time, ending one stride early",
                                   true,
                                   make_sgm_uniform_schedule};

}  // namespace limner
