#include "sampling/training_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

#include "sampling/scheduler_keys.h"
#include "sampling/training_betas.h"

namespace limner {
namespace {

// A scheduler class of diffusers 0.42.1: the sampler it means, and the defaults of its constructor where they
// differ.
struct SchedulerClass {
  std::string_view name, sampler;
  TimestepSpacing spacing = TimestepSpacing::linspace;
  double beta_start = 0.0001, beta_end = 0.02;
  std::string_view beta_schedule = "linear";
  bool clip_sample = false;
  bool set_alpha_to_one = true;
  bool skip_prk_steps = true;
};

constexpr SchedulerClass kClasses[] = {
    {.name = "DDIMScheduler", .sampler = "ddim", .spacing = TimestepSpacing::leading, .clip_sample = true},
    {.name = "DDPMScheduler", .sampler = "ddpm", .spacing = TimestepSpacing::leading, .clip_sample = true},
    {.name = "PNDMScheduler",
     .sampler = "plms",
     .spacing = TimestepSpacing::leading,
     .set_alpha_to_one = false,
     .skip_prk_steps = false},
    {.name = "EulerDiscreteScheduler", .sampler = "euler"},
    {.name = "EulerAncestralDiscreteScheduler", .sampler = "euler_ancestral"},
    {.name = "HeunDiscreteScheduler", .sampler = "heun", .beta_start = 0.00085, .beta_end = 0.012},
    {.name = "LMSDiscreteScheduler", .sampler = "lms"},
    {.name = "KDPM2DiscreteScheduler", .sampler = "dpm2", .beta_start = 0.00085, .beta_end = 0.012},
    {.name = "KDPM2AncestralDiscreteScheduler",
     .sampler = "dpm2_ancestral",
     .beta_start = 0.00085,
     .beta_end = 0.012},
    {.name = "DPMSolverMultistepScheduler", .sampler = "dpmpp_2m"},
    // No sampler takes single steps; the multistep solver of the same order follows the same path.
    {.name = "DPMSolverSinglestepScheduler", .sampler = "dpmpp_2m"},
    {.name = "DPMSolverSDEScheduler", .sampler = "dpmpp_sde", .beta_start = 0.00085, .beta_end = 0.012},
    {.name = "UniPCMultistepScheduler", .sampler = "unipc"},
    {.name = "DEISMultistepScheduler", .sampler = "deis"},
    {.name = "LCMScheduler",
     .sampler = "lcm",
     .spacing = TimestepSpacing::leading,
     .beta_start = 0.00085,
     .beta_end = 0.012,
     .beta_schedule = "scaled_linear"},
    {.name = "TCDScheduler",
     .sampler = "tcd",
     .spacing = TimestepSpacing::leading,
     .beta_start = 0.00085,
     .beta_end = 0.012,
     .beta_schedule = "scaled_linear"},
};

// The value of `key`, or `fallback` if it is unspecified or null. Types were checked by
// check_scheduler_keys().
template <class T>
T value_or(const Json& config, const char* key, T fallback) {
  const auto found = config.find(key);
  return found != config.end() && !found->is_null() ? found->get<T>() : fallback;
}

Result<const SchedulerClass*> find_class(const Json& config, std::string_view field) {
  const auto name = config.find("_class_name");
  const std::string where = fmt::format("{}: _class_name", field);
  if (name == config.end() || !name->is_string())
    return invalid(where, "missing", "name a diffusers scheduler class");
  const auto& text = name->get_ref<const std::string&>();
  const auto found = std::ranges::find(kClasses, text, &SchedulerClass::name);
  if (found != std::end(kClasses)) return found;
  std::string known;
  for (const SchedulerClass& known_class : kClasses) known += fmt::format(" {}", known_class.name);
  return unsupported(where, fmt::format("\"{}\" is not one of{}", text.substr(0, 80), known));
}

Prediction prediction_of(const Json& config) {
  const auto name = value_or<std::string>(config, "prediction_type", "epsilon");
  return name == "epsilon" ? Prediction::epsilon : name == "sample" ? Prediction::sample : Prediction::v;
}

TimestepSpacing spacing_of(const Json& config, TimestepSpacing fallback) {
  const auto name = value_or<std::string>(config, "timestep_spacing", "");
  if (name.empty()) return fallback;
  return name == "leading"    ? TimestepSpacing::leading
         : name == "trailing" ? TimestepSpacing::trailing
                              : TimestepSpacing::linspace;
}

// DPMSolverMultistep is four samplers, told apart by its algorithm and order.
std::string sampler_of(const Json& config, const SchedulerClass& scheduler) {
  if (scheduler.sampler == "dpmpp_2m" &&
      value_or<std::string>(config, "algorithm_type", "").starts_with("sde-dpmsolver"))
    return value_or(config, "solver_order", 2) == 3 ? "dpmpp_3m_sde" : "dpmpp_2m_sde";
  return std::string(scheduler.sampler);
}

Result<std::string> schedule_of(const Json& config, std::string_view field) {
  constexpr std::array<std::pair<const char*, std::string_view>, 3> kFlags = {
      {{"use_karras_sigmas", "karras"},
       {"use_exponential_sigmas", "exponential"},
       {"use_beta_sigmas", "beta"}}};
  std::string schedule;
  for (const auto& [flag, name] : kFlags) {
    if (!value_or(config, flag, false)) continue;
    if (!schedule.empty())
      return invalid(fmt::format("{}: {}", field, flag), "only one of the use_..._sigmas flags can be true");
    schedule = name;
  }
  return schedule;
}

Result<std::vector<float>> alphas_of(const Json& config, const SchedulerClass& scheduler, int count,
                                     bool rescale, std::string_view field) {
  std::vector<float> betas = value_or(config, "trained_betas", std::vector<float>());
  if (betas.empty()) {
    const auto schedule = value_or(config, "beta_schedule", std::string(scheduler.beta_schedule));
    betas = TRY(betas_of(schedule, value_or(config, "beta_start", scheduler.beta_start),
                         value_or(config, "beta_end", scheduler.beta_end), count,
                         fmt::format("{}: beta_schedule", field)));
  }
  if (std::ssize(betas) != count)
    return invalid(fmt::format("{}: trained_betas", field),
                   fmt::format("{} betas for {} training timesteps", betas.size(), count));
  if (rescale) betas = rescale_zero_terminal_snr(betas);
  std::vector<float> alphas = alphas_cumprod(betas);
  // Samplers divide by alpha, by 1 - alpha and by the distance of neighbouring sigmas. With zero terminal SNR
  // the last alpha is 0, where sigma tables have 2^-24.
  const float least = rescale ? 0x1p-24f : std::numeric_limits<float>::min();
  const float last = rescale ? alphas[alphas.size() - 2] : alphas.back();
  const bool falls = std::ranges::adjacent_find(alphas, std::less_equal<>()) == alphas.end();
  if (!(falls && alphas.front() < 1 && last > least))
    return invalid(fmt::format("{}: beta_start, beta_end", field),
                   "the betas do not add noise at every timestep");
  return alphas;
}

}  // namespace

Result<TrainingSchedule> read_training_schedule(const Json& config, std::string_view field) {
  TRY(check_scheduler_keys(config, field));
  const SchedulerClass& scheduler = *TRY(find_class(config, field));
  TrainingSchedule training;
  training.train_timesteps = value_or(config, "num_train_timesteps", training.train_timesteps);
  training.prediction = prediction_of(config);
  training.spacing = spacing_of(config, scheduler.spacing);
  training.steps_offset = value_or(config, "steps_offset", 0);
  training.set_alpha_to_one = value_or(config, "set_alpha_to_one", scheduler.set_alpha_to_one);
  training.rescale_zero_terminal_snr = value_or(config, "rescale_betas_zero_snr", false);
  training.clip_sample = value_or(config, "clip_sample", scheduler.clip_sample);
  training.clip_sample_range = value_or(config, "clip_sample_range", training.clip_sample_range);
  training.thresholding = value_or(config, "thresholding", false);
  training.dynamic_thresholding_ratio =
      value_or(config, "dynamic_thresholding_ratio", training.dynamic_thresholding_ratio);
  training.sample_max_value = value_or(config, "sample_max_value", training.sample_max_value);
  training.skip_prk_steps = value_or(config, "skip_prk_steps", scheduler.skip_prk_steps);
  training.alphas_cumprod =
      TRY(alphas_of(config, scheduler, training.train_timesteps, training.rescale_zero_terminal_snr, field));
  training.sampler = sampler_of(config, scheduler);
  training.schedule = TRY(schedule_of(config, field));
  training.raw = config;
  return training;
}

}  // namespace limner
