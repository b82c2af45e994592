// DPM++ 2M: the multistep DPM-Solver++ of order 2, or as the model's config says (orders 1 and 3, DPM-Solver,
// heun). Lu et al. 2022 (arXiv:2211.01095), Algorithm 2; diffusers' DPMSolverMultistepScheduler.

#include "sampling/samplers/dpm_solver_multistep.h"

namespace limner {
namespace {

// An SDE algorithm in the config becomes its ODE: whoever asks for 2M asks for a drawing without fresh noise.
Result<std::unique_ptr<Sampler>> make_dpmpp_2m(const SamplerRequest& request) {
  DpmSolverOptions options = dpm_solver_options(*request.training);
  const bool clean = predicts_clean(options.algorithm);
  options.algorithm = clean ? DpmAlgorithm::dpmsolver_pp : DpmAlgorithm::dpmsolver;
  return make_dpm_solver(request, options);
}

constexpr std::string_view kDpmpp2mAliases[] = {"DPMSolverMultistepScheduler", "dpm++2m"};

}  // namespace

extern const SamplerInfo kDpmpp2m;
const SamplerInfo kDpmpp2m = {
    "dpmpp_2m",      "DPM++ 2M",
    kDpmpp2mAliases, "second-order multistep solver, deterministic; good from 15 steps",
    false,           make_dpmpp_2m};

}  // namespace limner
