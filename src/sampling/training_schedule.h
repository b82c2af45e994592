#pragma once
// How a model was trained to see noise, as its scheduler_config.json tells it, and which sampler it is meant
// to run with.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace limner {

enum class Prediction : uint8_t { epsilon, v, sample };
enum class TimestepSpacing : uint8_t { leading, trailing, linspace };

/// Everything a scheduler config of a public SD 1.x, 2.x, SDXL, LCM or Turbo model says, checked.
struct TrainingSchedule {
  int train_timesteps = 1000;
  Prediction prediction = Prediction::epsilon;
  TimestepSpacing spacing = TimestepSpacing::leading;
  int steps_offset = 0;
  bool set_alpha_to_one = true;
  bool rescale_zero_terminal_snr = false;
  bool clip_sample = false;
  float clip_sample_range = 1;
  bool thresholding = false;
  float dynamic_thresholding_ratio = 0.995f, sample_max_value = 1;
  bool skip_prk_steps = true;
  /// alphas_cumprod[t], train_timesteps of them, zero-terminal-SNR rescaling applied if asked; computed in
  /// f32 in PyTorch's order so that the numbers are diffusers' numbers.
  std::vector<float> alphas_cumprod;
  std::string sampler;   ///< the sampler the class names: "euler" for EulerDiscreteScheduler
  std::string schedule;  ///< the noise schedule its flags name: "karras" for use_karras_sigmas; empty: plain
  /// Values only some samplers read, as written: solver_order, algorithm_type, solver_type,
  /// lower_order_final, euler_at_final, final_sigmas_type, original_inference_steps, timestep_scaling,
  /// interpolation_type, timestep_type, ...
  Json raw;
};

/// Reads a scheduler_config.json. `field` names the file in errors; an unknown class, key or value is an
/// error that names key, value and what is supported.
Result<TrainingSchedule> read_training_schedule(const Json& config, std::string_view field);

}  // namespace limner
