// Evenly spaced in sigma^(1/7). Karras et al. 2022 (arXiv:2206.00364), equation 5; diffusers'
// use_karras_sigmas.

#include <cmath>

#include "sampling/schedules/schedule_frame.h"

namespace limner {
namespace {

constexpr double kRho = 7;  // section D.1 of the paper

SchedulePoints make_karras_schedule(const ScheduleFrame& frame) {
  const double noisy = std::pow(frame.sigma_max, 1 / kRho), clean = std::pow(frame.sigma_min, 1 / kRho);
  SchedulePoints points;
  for (const double ramp : linspace(0, 1, frame.steps))
    points.sigmas.push_back(std::pow(noisy + ramp * (clean - noisy), kRho));
  points.timesteps = frame.timesteps_of(points.sigmas);
  if (frame.rules->round_karras) {
    for (double& timestep : points.timesteps) timestep = std::rint(timestep);
  }
  return points;
}

constexpr std::string_view kKarrasAliases[] = {"use_karras_sigmas"};

}  // namespace

extern const NoiseSchedule kKarras;
const NoiseSchedule kKarras = {"karras",       "Karras",
                               kKarrasAliases, "dense near the clean end; fewer steps for the same detail",
                               false,          make_karras_schedule};

}  // namespace limner
