// Evenly spaced in log(sigma). k-diffusion's get_sigmas_exponential; diffusers' use_exponential_sigmas.

#include <cmath>

#include "sampling/schedules/schedule_frame.h"

namespace limner {
namespace {

SchedulePoints make_exponential_schedule(const ScheduleFrame& frame) {
  SchedulePoints points;
  for (const double log_sigma : linspace(std::log(frame.sigma_max), std::log(frame.sigma_min), frame.steps))
    points.sigmas.push_back(std::exp(log_sigma));
  points.timesteps = frame.timesteps_of(points.sigmas);
  return points;
}

constexpr std::string_view kExponentialAliases[] = {"use_exponential_sigmas"};

}  // namespace

extern const NoiseSchedule kExponential;
const NoiseSchedule kExponential = {"exponential",
                                    "Exponential",
                                    kExponentialAliases,
                                    "each sigma is the same fraction of the one before",
                                    false,
                                    make_exponential_schedule};

}  // namespace limner
