// Every n-th entry of the training table, counted from the clean end: ComfyUI's ddim_scheduler, A1111's
// "DDIM". The stride is a whole number, so there may be more steps than asked for (31 for 30) and the
// noisiest entry is left out.

#include <algorithm>

#include "sampling/schedules/schedule_frame.h"

namespace limner {
namespace {

SchedulePoints make_ddim_uniform_schedule(const ScheduleFrame& frame) {
  SchedulePoints points;
  const size_t stride = std::max<size_t>(frame.table.size() / static_cast<size_t>(frame.steps), 1);
  for (size_t index = 1; index < frame.table.size(); index += stride) {
    points.timesteps.push_back(static_cast<double>(index));
    points.sigmas.push_back(frame.table[index]);
  }
  std::ranges::reverse(points.timesteps);
  std::ranges::reverse(points.sigmas);
  return points;
}

constexpr std::string_view kDdimUniformAliases[] = {"ddim"};

}  // namespace

extern const NoiseSchedule kDdimUniform;
const NoiseSchedule kDdimUniform = {"ddim_uniform",
                                    "DDIM Uniform",
                                    kDdimUniformAliases,
                                    "whole strides through the training table",
                                    true,
                                    make_ddim_uniform_schedule};

}  // namespace limner
