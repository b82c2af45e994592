#pragma once
// Which noise levels a drawing passes through, and which timesteps the network is told: a list independent of
// samplers. The numbers are those of diffusers 0.42.1 (use_karras_sigmas and kin) or of ComfyUI and A1111
// where diffusers has none.

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sampling/training_schedule.h"

namespace limner {

/// The levels of one drawing, noisiest first.
struct SigmaSchedule {
  std::vector<float>
      sigmas;  ///< one more than timesteps; the last is where the drawing ends (0, or see FinalSigma)
  std::vector<float>
      timesteps;  ///< what the network is told at sigmas[i]; whole numbers if the rules ask for them
  float init_noise_sigma = 1;  ///< pure noise is multiplied by this before the first step
};

/// Where a schedule ends.
enum class FinalSigma : uint8_t {
  zero,          ///< final_sigmas_type "zero"
  table_min,     ///< final_sigmas_type "sigma_min": the smallest sigma of the training table
  schedule_min,  ///< the schedule's last sigma again; for plain spacing, the table's smallest (UniPC and DEIS
                 ///< do this)
};

/// How a family of diffusers' schedulers turns a step count into timesteps and sigmas; their differences, as
/// data. The defaults are EulerDiscreteScheduler's (also EulerAncestral, Heun, LMS).
struct ScheduleRules {
  bool extra_point = false;  ///< space steps + 1 points and leave the cleanest out (DPMSolver, UniPC, DEIS)
  bool integer_timesteps = false;  ///< the network is told whole timesteps
  bool f64_timesteps = false;      ///< linspace spacing is not rounded to f32 (DPMSolverSDE)
  bool round_karras = false;       ///< karras timesteps are rounded to the nearest, not kept or truncated
  bool table_range =
      false;  ///< karras, exponential, beta run between the training table's ends, not the spacing's
  bool unit_start = false;  ///< init_noise_sigma is 1: a variance-preserving sampler
  FinalSigma final_sigma = FinalSigma::zero;
  /// Timesteps whose log(alpha/sigma) is below this are left out of the spacing (lambda_min_clipped).
  double lambda_min = -std::numeric_limits<double>::infinity();
};
/// Rules of each family, final_sigmas_type and lambda_min_clipped taken from `training.raw` where the class
/// reads them.
ScheduleRules euler_rules(const TrainingSchedule& training);  ///< EulerDiscrete
ScheduleRules k_diffusion_rules();                            ///< EulerAncestral, Heun, LMS: always end at 0
ScheduleRules kdpm2_rules();                                  ///< KDPM2Discrete, KDPM2AncestralDiscrete
ScheduleRules dpm_sde_rules();                                ///< DPMSolverSDE
ScheduleRules dpm_solver_rules(const TrainingSchedule& training);  ///< DPMSolverMultistep
ScheduleRules unipc_rules(const TrainingSchedule& training);       ///< UniPCMultistep
ScheduleRules deis_rules();                                        ///< DEISMultistep
ScheduleRules ddim_rules();                                        ///< DDIM, PNDM, DDPM

/// Sigmas and timesteps before the final sigma is appended, in f64 as numpy computes them.
struct SchedulePoints {
  std::vector<double> sigmas, timesteps;
};
struct ScheduleFrame;  // schedules/schedule_frame.h: the table and the spacing a formula works on

/// A noise schedule exists for the CLI, the docs and the tests by being in noise_schedules().
struct NoiseSchedule {
  std::string_view name;                      ///< "karras"
  std::string_view title;                     ///< "Karras", as users of A1111 know it
  std::span<const std::string_view> aliases;  ///< other accepted names, diffusers' flag included
  std::string_view doc;                       ///< one line
  bool uniform_in_time;  ///< neighbouring timesteps are equally far apart: what plms needs
  SchedulePoints (*make)(const ScheduleFrame&);
};
std::span<const NoiseSchedule* const> noise_schedules();
/// By name, title or alias, case-insensitive; `invalid` with field "schedule", listing the names.
Result<const NoiseSchedule*> find_noise_schedule(std::string_view name);

/// The schedule a request means: `name`, or if empty the one the model's config names, or if that is empty
/// "plain".
Result<const NoiseSchedule*> choose_noise_schedule(const TrainingSchedule& training, std::string_view name);

/// Computes `name`'s levels (chosen as above) for `steps` steps. `steps` must be 1..training.train_timesteps.
/// The result may hold another number of steps than asked where the original does so: ddim_uniform walks the
/// table in whole strides. With zero-terminal-SNR the table's last alpha is 2^-24, as in
/// EulerDiscreteScheduler, so that its sigma is finite.
Result<SigmaSchedule> make_sigma_schedule(const TrainingSchedule& training, std::string_view name, int steps,
                                          const ScheduleRules& rules);

/// The timestep of each of `sigmas`, interpolated in log(sigma) and clamped to the training table: diffusers'
/// _sigma_to_t.
std::vector<double> timesteps_of(const TrainingSchedule& training, std::span<const double> sigmas);

/// The sigma of every training timestep, sqrt((1 - a) / a) in f32, ascending; the 2^-24 rule above applied.
std::vector<float> sigma_table(const TrainingSchedule& training);

}  // namespace limner
