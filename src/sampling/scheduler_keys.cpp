#include "sampling/scheduler_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <string>

namespace limner {
namespace {

enum class Kind : uint8_t { flag, off, number, whole, choice, numbers, absent };

// What the value of one key may be: a flag; a flag that must be off; a number or whole number in [min, max];
// one of `choices`; a list of numbers; or nothing but null.
struct KeyRule {
  std::string_view key;
  Kind kind;
  double min = 0, max = 0;
  std::initializer_list<std::string_view> choices = {};
};

constexpr double kNumberMax = 1e6;
constexpr double kSigmaMin = 1e-6;  // schedules take its logarithm
constexpr size_t kBetasMax = 10000;

const KeyRule kRules[] = {
    {"num_train_timesteps", Kind::whole, 2, kBetasMax},
    {"beta_start", Kind::number, 0, 1},
    {"beta_end", Kind::number, 0, 1},
    {"beta_schedule", Kind::choice, 0, 0, {"linear", "scaled_linear", "squaredcos_cap_v2"}},
    {"trained_betas", Kind::numbers, 0, 1},
    {"prediction_type", Kind::choice, 0, 0, {"epsilon", "v_prediction", "sample"}},
    {"rescale_betas_zero_snr", Kind::flag},
    {"timestep_spacing", Kind::choice, 0, 0, {"leading", "trailing", "linspace"}},
    {"steps_offset", Kind::whole, 0, kBetasMax},
    {"set_alpha_to_one", Kind::flag},
    {"skip_prk_steps", Kind::flag},
    {"clip_sample", Kind::flag},
    {"clip_sample_range", Kind::number, 0, kNumberMax},
    {"thresholding", Kind::flag},
    {"dynamic_thresholding_ratio", Kind::number, 0, 1},
    {"sample_max_value", Kind::number, 0, kNumberMax},
    {"use_karras_sigmas", Kind::flag},
    {"use_exponential_sigmas", Kind::flag},
    {"use_beta_sigmas", Kind::flag},
    {"use_lu_lambdas", Kind::off},
    {"use_flow_sigmas", Kind::off},
    {"use_dynamic_shifting", Kind::off},
    {"flow_shift", Kind::number, 0, kNumberMax},
    {"time_shift_type", Kind::choice, 0, 0, {"exponential", "linear"}},
    {"shift_terminal", Kind::absent},
    {"sigma_min", Kind::number, kSigmaMin, kNumberMax},
    {"sigma_max", Kind::number, kSigmaMin, kNumberMax},
    {"final_sigmas_type", Kind::choice, 0, 0, {"zero", "sigma_min"}},
    {"interpolation_type", Kind::choice, 0, 0, {"linear"}},
    {"timestep_type", Kind::choice, 0, 0, {"discrete"}},
    {"variance_type", Kind::choice, 0, 0, {"fixed_small", "fixed_small_log", "fixed_large"}},
    {"solver_order", Kind::whole, 1, 3},
    {"solver_type", Kind::choice, 0, 0, {"midpoint", "heun", "logrho", "bh1", "bh2"}},
    {"algorithm_type",
     Kind::choice,
     0,
     0,
     {"dpmsolver++", "sde-dpmsolver++", "dpmsolver", "sde-dpmsolver", "deis"}},
    {"lower_order_final", Kind::flag},
    {"euler_at_final", Kind::flag},
    {"lambda_min_clipped", Kind::number, -std::numeric_limits<double>::infinity(), kNumberMax},
    {"predict_x0", Kind::flag},
    {"disable_corrector", Kind::numbers, 0, kBetasMax},
    {"solver_p", Kind::absent},
    {"noise_sampler_seed", Kind::absent},
    {"original_inference_steps", Kind::whole, 1, kBetasMax},
    {"timestep_scaling", Kind::number, 0, kNumberMax},
};

bool in_range(const Json& value, const KeyRule& rule) {
  const double number = value.get<double>();
  return number >= rule.min && number <= rule.max;
}

bool numbers_in_range(const Json& value, const KeyRule& rule) {
  return value.is_array() && value.size() <= kBetasMax &&
         std::ranges::all_of(
             value, [&](const Json& element) { return element.is_number() && in_range(element, rule); });
}

bool allows(const KeyRule& rule, const Json& value) {
  switch (rule.kind) {
    case Kind::flag:
      return value.is_boolean();
    case Kind::off:
      return value.is_boolean() && !value.get<bool>();
    case Kind::number:
      return value.is_number() && in_range(value, rule);
    case Kind::whole:
      return value.is_number_integer() && in_range(value, rule);
    case Kind::numbers:
      return numbers_in_range(value, rule);
    case Kind::absent:
      return false;
    case Kind::choice:
      return value.is_string() &&
             std::ranges::find(rule.choices, value.get_ref<const std::string&>()) != rule.choices.end();
  }
  return false;
}

std::string allowed(const KeyRule& rule) {
  switch (rule.kind) {
    case Kind::flag:
      return "true or false";
    case Kind::off:
      return "false";
    case Kind::number:
      return fmt::format("a number in {}..{}", rule.min, rule.max);
    case Kind::whole:
      return fmt::format("a whole number in {}..{}", rule.min, rule.max);
    case Kind::numbers:
      return fmt::format("a list of at most {} numbers in {}..{}", kBetasMax, rule.min, rule.max);
    case Kind::absent:
      return "null";
    case Kind::choice:
      return fmt::format("{}", fmt::join(rule.choices, ", "));
  }
  return {};
}

constexpr size_t kShownMax = 60;

// A value for an error message: short, whatever the file holds.
std::string shown(const Json& value) {
  std::string text = value.is_structured() ? std::string(value.type_name())
                                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kShownMax) text.resize(kShownMax);
  return text;
}

}  // namespace

Result<void> check_scheduler_keys(const Json& config, std::string_view field) {
  if (!config.is_object()) return invalid(std::string(field), "not a JSON object");
  for (const auto& [key, value] : config.items()) {
    if (value.is_null() || key.starts_with('_')) continue;
    const auto rule = std::ranges::find(kRules, key, &KeyRule::key);
    if (rule == std::end(kRules))
      return unsupported(fmt::format("{}: {}", field, key.substr(0, kShownMax)), "not a key Limner knows");
    if (!allows(*rule, value))
      return unsupported(fmt::format("{}: {}", field, key),
                         fmt::format("{} is not {}", shown(value), allowed(*rule)));
  }
  return {};
}

}  // namespace limner
