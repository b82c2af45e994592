// Whole entries of the training table, evenly strided from the noisiest. ComfyUI's simple_scheduler, A1111's
// "Simple".

#include "sampling/schedules/schedule_frame.h"

namespace limner {
namespace {

SchedulePoints make_simple_schedule(const ScheduleFrame& frame) {
  SchedulePoints points;
  const double stride = static_cast<double>(frame.table.size()) / frame.steps;
  for (int step = 0; step < frame.steps; ++step) {
    const size_t index = frame.table.size() - 1 - static_cast<size_t>(step * stride);
    points.timesteps.push_back(static_cast<double>(index));
    points.sigmas.push_back(frame.table[index]);
  }
  return points;
}

}  // namespace

extern const NoiseSchedule kSimple;
const NoiseSchedule kSimple = {"simple", "Simple",
                               {},       "evenly strided entries of the training table, noisiest first",
                               true,     make_simple_schedule};

}  // namespace limner
