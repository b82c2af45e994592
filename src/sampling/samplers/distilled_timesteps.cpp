#include "sampling/samplers/distilled_timesteps.h"

#include <fmt/format.h>

#include "sampling/noise_schedule.h"
#include "sampling/samplers/vp_steps.h"

namespace limner {
namespace {

constexpr int kOriginalSteps = 50;

Result<std::vector<int>> picked_timesteps(const TrainingSchedule& training, int steps, double share) {
  const auto written = training.raw.find("original_inference_steps");
  const bool specified = written != training.raw.end() && written->is_number_integer();
  const int original = specified ? written->get<int>() : kOriginalSteps;
  if (original < 1 || original > training.train_timesteps)
    return invalid("original_inference_steps",
                   fmt::format("{} is not in 1..{}", original, training.train_timesteps));
  const int used = static_cast<int>(original * share);
  if (steps < 1 || steps > used)
    return invalid("steps",
                   fmt::format("{} is not in 1..{}, the steps the model was distilled at", steps, used));
  const int stride = training.train_timesteps / original;
  const double pick = static_cast<double>(used) / steps;
  std::vector<int> timesteps;
  for (int i = 0; i < steps; ++i) timesteps.push_back((used - static_cast<int>(i * pick)) * stride - 1);
  return timesteps;
}

}  // namespace

Result<std::vector<int>> distilled_timesteps(const SamplerRequest& request) {
  const TrainingSchedule& training = *request.training;
  if (TRY(is_plain(request))) return picked_timesteps(training, request.steps, request.distilled_share);
  const SigmaSchedule levels =
      TRY(make_sigma_schedule(training, request.schedule, request.steps, ddim_rules()));
  return std::vector<int>(levels.timesteps.begin(), levels.timesteps.end());
}

}  // namespace limner
