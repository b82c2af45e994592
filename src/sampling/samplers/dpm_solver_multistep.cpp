#include "sampling/samplers/dpm_solver_multistep.h"

#include <algorithm>

#include "sampling/samplers/solver_config.h"

namespace limner {
namespace {

class DpmSolverMultistep final : public VpMultistep {
 public:
  DpmSolverMultistep(const SamplerRequest& request, const SigmaSchedule& schedule,
                     const DpmSolverOptions& options)
      : VpMultistep(request, schedule, options.order), algorithm_(options.algorithm) {
    // A step to sigma 0 is infinitely long in lambda: only the first order has a limit there.
    const bool falls_at_end = options.lower_order_final && step_count() < kStableSteps;
    const bool first_order_final = options.euler_at_final || schedule.sigmas.back() == 0;
    for (int step = first(); step < step_count(); ++step) {
      const bool euler = first_order_final && step == step_count() - 1;
      const int limit = euler ? 1 : order_limit(step, falls_at_end);
      const std::vector<VpLevel> past = levels_until(step, std::min(options.order, limit));
      updates_.push_back(dpm_update(options.algorithm, options.type, past, level(step + 1)));
    }
  }

 private:
  void advance(int step, std::span<const float> prediction, NoiseStream& noise) override {
    write_output(step, prediction, predicts_clean(algorithm_) ? Output::clean : Output::noise);
    std::span<float> fresh;
    if (is_stochastic(algorithm_)) noise.normal(fresh = scratch());
    apply(updates_[static_cast<size_t>(step - first())], outputs_until(step), fresh, latent());
  }

  DpmAlgorithm algorithm_;
  std::vector<DpmUpdate> updates_;  ///< [step - first()]
};

DpmAlgorithm config_algorithm(const TrainingSchedule& training) {
  if (config_says(training, "algorithm_type", "dpmsolver")) return DpmAlgorithm::dpmsolver;
  if (config_says(training, "algorithm_type", "sde-dpmsolver")) return DpmAlgorithm::sde_dpmsolver;
  if (config_says(training, "algorithm_type", "sde-dpmsolver++")) return DpmAlgorithm::sde_dpmsolver_pp;
  return DpmAlgorithm::dpmsolver_pp;
}

}  // namespace

DpmSolverOptions dpm_solver_options(const TrainingSchedule& training) {
  const bool heun = config_says(training, "solver_type", "heun");
  return {.algorithm = config_algorithm(training),
          .type = heun ? DpmSolverType::heun : DpmSolverType::midpoint,
          .order = config_solver_order(training),
          .lower_order_final = config_value(training, "lower_order_final", true),
          .euler_at_final = config_value(training, "euler_at_final", false)};
}

Result<std::unique_ptr<Sampler>> make_dpm_solver(const SamplerRequest& request,
                                                 const DpmSolverOptions& options) {
  // Their weights grow without bound towards sigma 0; diffusers refuses it too.
  if (!predicts_clean(options.algorithm) && config_ends_clean(*request.training))
    return unsupported("final_sigmas_type",
                       "zero does not go with algorithm_type dpmsolver and sde-dpmsolver",
                       "use sigma_min, or algorithm_type dpmsolver++");
  if (options.algorithm == DpmAlgorithm::sde_dpmsolver && options.order == 3)
    return unsupported("solver_order", "3 is not defined for algorithm_type sde-dpmsolver", "use 1 or 2");
  const SigmaSchedule schedule = TRY(make_sigma_schedule(*request.training, request.schedule, request.steps,
                                                         dpm_solver_rules(*request.training)));
  TRY(check_request(request, static_cast<int>(schedule.timesteps.size()), 1));
  return std::make_unique<DpmSolverMultistep>(request, schedule, options);
}

}  // namespace limner
