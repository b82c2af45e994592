// The model's own spacing (leading, trailing or linspace; Lin et al. 2023, arXiv:2305.08891, table 2), with
// sigmas interpolated linearly in the training table: what diffusers does when no use_..._sigmas flag is set.

#include "sampling/schedules/schedule_frame.h"

namespace limner {
namespace {

SchedulePoints make_plain_schedule(const ScheduleFrame& frame) {
  SchedulePoints points;
  points.timesteps.assign(frame.spaced.begin(), frame.spaced.end());
  for (const double timestep : frame.spaced) points.sigmas.push_back(frame.sigma_linear(timestep));
  return points;
}

constexpr std::string_view kPlainAliases[] = {"model", "automatic"};

}  // namespace

extern const NoiseSchedule kPlain;
const NoiseSchedule kPlain = {
    "plain", "Plain", kPlainAliases, "the model's own timestep spacing", true, make_plain_schedule};

}  // namespace limner
