// DPM++ 3M SDE: the multistep SDE-DPM-Solver++ of order 3 as diffusers defines it
// (DPMSolverMultistepScheduler with algorithm_type sde-dpmsolver++ and solver_order 3); k-diffusion's sampler
// of this name weighs its terms otherwise. After Lu et al. 2022 (arXiv:2211.01095). One draw from the
// picture's noise stream a step.

#include "sampling/samplers/dpm_solver_multistep.h"

namespace limner {
namespace {

Result<std::unique_ptr<Sampler>> make_dpmpp_3m_sde(const SamplerRequest& request) {
  DpmSolverOptions options = dpm_solver_options(*request.training);
  options.algorithm = DpmAlgorithm::sde_dpmsolver_pp;
  options.order = 3;
  return make_dpm_solver(request, options);
}

constexpr std::string_view kDpmpp3mSdeAliases[] = {"dpmpp_3m_sde_gpu"};

}  // namespace

extern const SamplerInfo kDpmpp3mSde;
const SamplerInfo kDpmpp3mSde = {"dpmpp_3m_sde",
                                 "DPM++ 3M SDE",
                                 kDpmpp3mSdeAliases,
                                 "third-order multistep solver with fresh noise in every step",
                                 true,
                                 make_dpmpp_3m_sde};

}  // namespace limner
