#include "sampling/schedules/schedule_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace limner {
namespace {

// numpy.arange(start, 0, -stride): its length is a rounded-up quotient, and its second element fixes the
// stride of all.
std::vector<double> arange_down(double start, double stride) {
  std::vector<double> values(static_cast<size_t>(std::ceil(start / stride)));
  const double step = (start - stride) - start;
  for (size_t i = 0; i < values.size(); ++i) values[i] = start + static_cast<double>(i) * step;
  return values;
}

// How many training timesteps are left once those with log(alpha / sigma) below lambda_min are cut off.
int timesteps_above(const TrainingSchedule& training, double lambda_min) {
  const auto noisier = [&](float alpha_cumprod) {
    const float alpha = std::sqrt(alpha_cumprod), sigma = std::sqrt(1 - alpha_cumprod);
    return static_cast<double>(std::log(alpha) - std::log(sigma)) < lambda_min;
  };
  return training.train_timesteps - static_cast<int>(std::ranges::count_if(training.alphas_cumprod, noisier));
}

std::vector<double> linspace_spacing(int end, int steps, const ScheduleRules& rules) {
  std::vector<double> points = linspace(0, end - 1, rules.extra_point ? steps + 1 : steps);
  for (double& point : points) {
    if (rules.integer_timesteps)
      point = std::rint(point);
    else if (!rules.f64_timesteps)
      point = static_cast<float>(point);
  }
  std::ranges::reverse(points);
  points.resize(static_cast<size_t>(steps));
  return points;
}

std::vector<double> leading_spacing(int end, int steps, int offset, const ScheduleRules& rules) {
  const int ratio = rules.extra_point ? end / (steps + 1) : end / steps;
  std::vector<double> points(static_cast<size_t>(steps));
  for (int i = 0; i < steps; ++i) {
    const int rank = rules.extra_point ? steps - i : steps - 1 - i;
    points[static_cast<size_t>(i)] = rank * ratio + offset;
  }
  return points;
}

std::vector<double> trailing_spacing(int train_timesteps, int end, int steps) {
  std::vector<double> points = arange_down(end, static_cast<double>(train_timesteps) / steps);
  for (double& point : points) point = std::rint(point) - 1;
  return points;
}

}  // namespace

std::vector<double> linspace(double start, double end, int count) {
  std::vector<double> values(static_cast<size_t>(count));
  if (count == 0) return values;
  const double step = count > 1 ? (end - start) / (count - 1) : 0;
  for (int i = 0; i < count; ++i) values[static_cast<size_t>(i)] = i * step + start;
  if (count > 1) values.back() = end;
  return values;
}

double ScheduleFrame::timestep_of(double sigma) const {
  const double log_sigma = std::log(std::max(sigma, 1e-10));
  const auto above = std::ranges::upper_bound(log_table, log_sigma, [](double l, float r) { return l < r; });
  const auto last_below = std::max<std::ptrdiff_t>(above - log_table.begin() - 1, 0);
  const auto low = static_cast<size_t>(std::min(last_below, std::ssize(log_table) - 2));
  const double w = (log_table[low] - log_sigma) / static_cast<double>(log_table[low] - log_table[low + 1]);
  const double weight = std::clamp(w, 0.0, 1.0);
  return (1 - weight) * static_cast<double>(low) + weight * static_cast<double>(low + 1);
}

double ScheduleFrame::sigma_linear(double timestep) const {
  if (timestep <= 0) return table.front();
  if (timestep >= static_cast<double>(table.size() - 1)) return table.back();
  const auto low = static_cast<size_t>(timestep);
  const double slope = static_cast<double>(table[low + 1]) - static_cast<double>(table[low]);
  return slope * (timestep - static_cast<double>(low)) + static_cast<double>(table[low]);
}

double ScheduleFrame::sigma_log(double timestep) const {
  const double clamped = std::clamp(timestep, 0.0, static_cast<double>(table.size() - 1));
  const auto low = static_cast<size_t>(clamped);
  const auto high = static_cast<size_t>(std::ceil(clamped));
  const double weight = clamped - static_cast<double>(low);
  return std::exp((1 - weight) * log_table[low] + weight * log_table[high]);
}

std::vector<double> ScheduleFrame::told(std::vector<double> timesteps) const {
  if (rules->integer_timesteps)
    std::ranges::transform(timesteps, timesteps.begin(), [](double t) { return std::rint(t); });
  return timesteps;
}

std::vector<double> ScheduleFrame::timesteps_of(std::span<const double> sigmas) const {
  std::vector<double> timesteps(sigmas.size());
  std::ranges::transform(sigmas, timesteps.begin(), [&](double sigma) { return timestep_of(sigma); });
  return timesteps;
}

Result<std::vector<double>> spaced_timesteps(const TrainingSchedule& training, int steps,
                                             const ScheduleRules& rules) {
  const int end = rules.extra_point ? timesteps_above(training, rules.lambda_min) : training.train_timesteps;
  std::vector<double> points;
  switch (training.spacing) {
    case TimestepSpacing::linspace:
      points = linspace_spacing(end, steps, rules);
      break;
    case TimestepSpacing::leading:
      points = leading_spacing(end, steps, training.steps_offset, rules);
      break;
    case TimestepSpacing::trailing:
      points = trailing_spacing(training.train_timesteps, end, steps);
      break;
  }
  const bool fits = !points.empty() && points.front() < training.train_timesteps && points.back() >= 0;
  // Two equal neighbours would make a step of length zero, by which multistep samplers divide.
  const bool distinct = fits && std::ranges::adjacent_find(points) == points.end();
  if (!distinct)
    return invalid("steps", fmt::format("{} steps do not fit the model's {} training timesteps", steps, end),
                   "ask for fewer steps");
  return points;
}

}  // namespace limner
