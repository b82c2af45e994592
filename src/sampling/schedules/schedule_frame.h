#pragma once
// What every schedule formula starts from, and the conversions between timestep and sigma.

#include <span>
#include <vector>

#include "sampling/noise_schedule.h"

namespace limner {

/// The training table, the model's own spacing, and the ends between which a curve runs.
struct ScheduleFrame {
  int steps = 0;
  std::span<const float> table;      ///< sigma of every training timestep, ascending
  std::span<const float> log_table;  ///< its logarithms, in f32
  std::span<const double>
      spaced;  ///< the model's own timesteps (leading, trailing, linspace), noisiest first
  double sigma_min = 0, sigma_max = 0;  ///< ends of karras, exponential, beta
  const ScheduleRules* rules = nullptr;

  /// The timestep of `sigma`, interpolated in log(sigma), clamped to the table: diffusers' _sigma_to_t.
  double timestep_of(double sigma) const;
  /// The sigma of `timestep`, interpolated linearly in sigma: numpy.interp.
  double sigma_linear(double timestep) const;
  /// The sigma of `timestep`, interpolated in log(sigma): k-diffusion's t_to_sigma.
  double sigma_log(double timestep) const;
  /// `timesteps`, each the nearest whole one if the rules ask for whole ones.
  std::vector<double> told(std::vector<double> timesteps) const;
  /// timestep_of() each.
  std::vector<double> timesteps_of(std::span<const double> sigmas) const;
};

/// numpy.linspace(start, end, count).
std::vector<double> linspace(double start, double end, int count);

/// The model's own timesteps, noisiest first, as the diffusers class behind `rules` spaces them; trailing
/// spacing may give one more than `steps`, numpy.arange's rounding being what it is. `invalid` with field
/// "steps" if they do not fit.
Result<std::vector<double>> spaced_timesteps(const TrainingSchedule& training, int steps,
                                             const ScheduleRules& rules);

}  // namespace limner
