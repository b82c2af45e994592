// Quantiles of the Beta(0.6, 0.6) distribution between the smallest and the largest sigma. Lee et al. 2024
// (arXiv:2407.12173), as diffusers' use_beta_sigmas and A1111 do it; ComfyUI's "beta" indexes the training
// table instead.

#include "sampling/schedules/beta_quantile.h"
#include "sampling/schedules/schedule_frame.h"

namespace limner {
namespace {

SchedulePoints make_beta_schedule(const ScheduleFrame& frame) {
  SchedulePoints points;
  for (const double ramp : linspace(0, 1, frame.steps)) {
    const double quantile = beta_quantile(1 - ramp, kBetaShape, kBetaShape);
    points.sigmas.push_back(frame.sigma_min + quantile * (frame.sigma_max - frame.sigma_min));
  }
  points.timesteps = frame.timesteps_of(points.sigmas);
  return points;
}

constexpr std::string_view kBetaScheduleAliases[] = {"use_beta_sigmas"};

}  // namespace

extern const NoiseSchedule kBetaSchedule;
const NoiseSchedule kBetaSchedule = {
    "beta", "Beta", kBetaScheduleAliases, "dense at both ends", false, make_beta_schedule};

}  // namespace limner
