#pragma once
// The multistep DPM-Solvers: dpmpp_2m, dpmpp_2m_sde and dpmpp_3m_sde are one machine with other options.

#include <memory>
#include <vector>

#include "sampling/samplers/dpm_solver_updates.h"
#include "sampling/samplers/vp_multistep.h"

namespace limner {

/// Options of diffusers 0.42.1's DPMSolverMultistepScheduler, under its names.
struct DpmSolverOptions {
  DpmAlgorithm algorithm = DpmAlgorithm::dpmsolver_pp;
  DpmSolverType type = DpmSolverType::midpoint;
  int order = 2;                  ///< 1 to 3
  bool lower_order_final = true;  ///< the last steps of a drawing of fewer than 15 are of lower order
  bool euler_at_final = false;    ///< the last step is of first order
};

/// The options in `training`'s config, its algorithm included; solver types of other classes mean midpoint,
/// as there.
DpmSolverOptions dpm_solver_options(const TrainingSchedule& training);

/// A drawing. Errors: the request's (steps, schedule, skip), options that do not go together.
/// An SDE algorithm draws one latent of noise from the stream in every step, the last one included.
Result<std::unique_ptr<Sampler>> make_dpm_solver(const SamplerRequest& request,
                                                 const DpmSolverOptions& options);

}  // namespace limner
