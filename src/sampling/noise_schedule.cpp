#include "sampling/noise_schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "sampling/named.h"
#include "sampling/schedules/numpy_log.h"
#include "sampling/schedules/schedule_frame.h"

namespace limner {

extern const NoiseSchedule kPlain, kKarras, kExponential, kBetaSchedule, kSgmUniform, kSimple, kNormal,
    kDdimUniform, kBetaTable, kKlOptimal, kAlignYourSteps, kAlignYourStepsXl;

namespace {

// A noise schedule exists for the CLI, the docs and the tests by being named here.
constexpr const NoiseSchedule* kSchedules[] = {
    &kPlain,  &kKarras,      &kExponential, &kBetaSchedule, &kSgmUniform,     &kSimple,
    &kNormal, &kDdimUniform, &kBetaTable,   &kKlOptimal,    &kAlignYourSteps, &kAlignYourStepsXl};

// SD's zero-terminal-SNR models have alpha 0 at the last timestep and with it an infinite sigma. diffusers
// puts the smallest positive half-precision number there.
constexpr float kSmallestAlpha = 0x1p-24f;

std::string raw_string(const TrainingSchedule& training, const char* key) {
  const auto found = training.raw.find(key);
  return found != training.raw.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// `fallback`, unless the config names a number for `key`, as every diffusers class reads it for karras and
// kin.
double raw_number(const TrainingSchedule& training, const char* key, double fallback) {
  const auto found = training.raw.find(key);
  return found != training.raw.end() && found->is_number() ? found->get<double>() : fallback;
}

FinalSigma final_sigma_of(const TrainingSchedule& training, FinalSigma if_sigma_min) {
  return raw_string(training, "final_sigmas_type") == "sigma_min" ? if_sigma_min : FinalSigma::zero;
}

ScheduleRules solver_rules() {
  return {.extra_point = true,
          .integer_timesteps = true,
          .round_karras = true,
          .table_range = true,
          .unit_start = true};
}

float final_sigma(const ScheduleRules& rules, const ScheduleFrame& frame, bool plain, double schedule_min) {
  switch (rules.final_sigma) {
    case FinalSigma::zero:
      return 0;
    case FinalSigma::table_min:
      return frame.table.front();
    case FinalSigma::schedule_min:
      return plain ? frame.table.front() : static_cast<float>(schedule_min);
  }
  return 0;
}

std::vector<float> logarithms(std::span<const float> sigmas) {
  std::vector<float> logs(sigmas.size());
  std::ranges::transform(sigmas, logs.begin(), numpy_log);
  return logs;
}

SigmaSchedule finish(const SchedulePoints& points, const NoiseSchedule& schedule, const ScheduleFrame& frame,
                     const TrainingSchedule& training) {
  const ScheduleRules& rules = *frame.rules;
  SigmaSchedule result;
  for (const double sigma : points.sigmas) result.sigmas.push_back(static_cast<float>(sigma));
  result.sigmas.push_back(final_sigma(rules, frame, &schedule == &kPlain, points.sigmas.back()));
  for (const double timestep : points.timesteps) {
    // diffusers casts what its curves give to int64; the other schedules have rounded already.
    result.timesteps.push_back(static_cast<float>(rules.integer_timesteps ? std::trunc(timestep) : timestep));
  }
  const float sigma_max = *std::ranges::max_element(result.sigmas);
  if (!rules.unit_start) {
    const bool leading = training.spacing == TimestepSpacing::leading;
    result.init_noise_sigma = leading ? std::sqrt(sigma_max * sigma_max + 1) : sigma_max;
  }
  return result;
}

}  // namespace

std::span<const NoiseSchedule* const> noise_schedules() { return kSchedules; }

Result<const NoiseSchedule*> find_noise_schedule(std::string_view name) {
  return find_named(noise_schedules(), name, "schedule");
}

Result<const NoiseSchedule*> choose_noise_schedule(const TrainingSchedule& training, std::string_view name) {
  if (!name.empty()) return find_noise_schedule(name);
  if (!training.schedule.empty()) return find_noise_schedule(training.schedule);
  return &kPlain;
}

ScheduleRules k_diffusion_rules() { return {}; }
ScheduleRules euler_rules(const TrainingSchedule& training) {
  return {.final_sigma = final_sigma_of(training, FinalSigma::table_min)};
}
ScheduleRules kdpm2_rules() { return {.round_karras = true}; }
ScheduleRules dpm_sde_rules() { return {.f64_timesteps = true}; }
ScheduleRules ddim_rules() { return {.integer_timesteps = true, .unit_start = true}; }

ScheduleRules dpm_solver_rules(const TrainingSchedule& training) {
  ScheduleRules rules = solver_rules();
  rules.round_karras = raw_string(training, "beta_schedule") != "squaredcos_cap_v2";
  rules.final_sigma = final_sigma_of(training, FinalSigma::table_min);
  rules.lambda_min = raw_number(training, "lambda_min_clipped", rules.lambda_min);
  return rules;
}

ScheduleRules unipc_rules(const TrainingSchedule& training) {
  ScheduleRules rules = solver_rules();
  rules.final_sigma = final_sigma_of(training, FinalSigma::schedule_min);
  return rules;
}

ScheduleRules deis_rules() {
  ScheduleRules rules = solver_rules();
  rules.final_sigma = FinalSigma::schedule_min;
  return rules;
}

std::vector<float> sigma_table(const TrainingSchedule& training) {
  std::vector<float> alphas = training.alphas_cumprod;
  if (training.rescale_zero_terminal_snr) alphas.back() = kSmallestAlpha;
  for (float& alpha : alphas) alpha = std::sqrt((1 - alpha) / alpha);
  return alphas;
}

std::vector<double> timesteps_of(const TrainingSchedule& training, std::span<const double> sigmas) {
  const std::vector<float> table = sigma_table(training), log_table = logarithms(table);
  return ScheduleFrame{.table = table, .log_table = log_table}.timesteps_of(sigmas);
}

Result<SigmaSchedule> make_sigma_schedule(const TrainingSchedule& training, std::string_view name, int steps,
                                          const ScheduleRules& rules) {
  const NoiseSchedule* schedule = TRY(choose_noise_schedule(training, name));
  if (steps < 1 || steps > training.train_timesteps)
    return invalid("steps", fmt::format("{} is not in 1..{}", steps, training.train_timesteps));
  const std::vector<float> table = sigma_table(training), log_table = logarithms(table);
  const std::vector<double> spaced = TRY(spaced_timesteps(training, steps, rules));
  ScheduleFrame frame = {
      .steps = steps, .table = table, .log_table = log_table, .spaced = spaced, .rules = &rules};
  const double low = rules.table_range ? table.front() : frame.sigma_linear(spaced.back());
  const double high = rules.table_range ? table.back() : frame.sigma_linear(spaced.front());
  frame.sigma_min = raw_number(training, "sigma_min", low);
  frame.sigma_max = raw_number(training, "sigma_max", high);
  if (frame.sigma_min > frame.sigma_max)
    return invalid("sigma_min", fmt::format("{} is above sigma_max, {}", frame.sigma_min, frame.sigma_max));
  return finish(schedule->make(frame), *schedule, frame, training);
}

}  // namespace limner
