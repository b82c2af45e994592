#pragma once
// Reading what a model's scheduler config says about solvers, whichever diffusers class wrote it:
// from_config() hands one class's values to another in the same way.

#include <string>
#include <string_view>

#include "sampling/training_schedule.h"

namespace limner {

/// The config's value of `key`, or `fallback` if it is unspecified or null. T is the type
/// check_scheduler_keys() has found there: bool, int, double, std::string.
template <class T>
T config_value(const TrainingSchedule& training, const char* key, T fallback) {
  const auto found = training.raw.find(key);
  return found != training.raw.end() && !found->is_null() ? found->template get<T>() : fallback;
}

/// Whether `key` is spelt out as `value`.
inline bool config_says(const TrainingSchedule& training, const char* key, std::string_view value) {
  return config_value<std::string>(training, key, {}) == value;
}

/// 1 to 3; diffusers' default is 2.
inline int config_solver_order(const TrainingSchedule& training) {
  return config_value(training, "solver_order", 2);
}

/// Whether drawings end at sigma 0 (diffusers' default) rather than at the smallest sigma of the schedule.
inline bool config_ends_clean(const TrainingSchedule& training) {
  return !config_says(training, "final_sigmas_type", "sigma_min");
}

}  // namespace limner
