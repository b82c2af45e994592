// DPM++ 2M SDE: the multistep SDE-DPM-Solver++ of order 2 (of order 1 if the model's config says so).
// Lu et al. 2022 (arXiv:2211.01095), section 5 and appendix B.5; diffusers' DPMSolverMultistepScheduler with
// algorithm_type sde-dpmsolver++. Noise comes from the picture's stream, one draw a step, as diffusers draws
// it; ComfyUI and A1111 take it from a Brownian tree, so their pictures differ.

#include <algorithm>

#include "sampling/samplers/dpm_solver_multistep.h"

namespace limner {
namespace {

Result<std::unique_ptr<Sampler>> make_of_type(const SamplerRequest& request,
                                              std::optional<DpmSolverType> type) {
  DpmSolverOptions options = dpm_solver_options(*request.training);
  const bool clean = predicts_clean(options.algorithm);
  options.algorithm = clean ? DpmAlgorithm::sde_dpmsolver_pp : DpmAlgorithm::sde_dpmsolver;
  options.order = std::min(options.order, 2);
  options.type = type.value_or(options.type);
  return make_dpm_solver(request, options);
}

Result<std::unique_ptr<Sampler>> make_dpmpp_2m_sde(const SamplerRequest& request) {
  return make_of_type(request, std::nullopt);
}
Result<std::unique_ptr<Sampler>> make_dpmpp_2m_sde_heun(const SamplerRequest& request) {
  return make_of_type(request, DpmSolverType::heun);
}

constexpr std::string_view kDpmpp2mSdeAliases[] = {"dpmpp_2m_sde_gpu", "sde-dpmsolver++"};
constexpr std::string_view kDpmpp2mSdeHeunAliases[] = {"dpmpp_2m_sde_heun_gpu"};

}  // namespace

extern const SamplerInfo kDpmpp2mSde, kDpmpp2mSdeHeun;
const SamplerInfo kDpmpp2mSde = {"dpmpp_2m_sde",
                                 "DPM++ 2M SDE",
                                 kDpmpp2mSdeAliases,
                                 "second-order multistep solver with fresh noise in every step",
                                 true,
                                 make_dpmpp_2m_sde};
const SamplerInfo kDpmpp2mSdeHeun = {"dpmpp_2m_sde_heun",
                                     "DPM++ 2M SDE Heun",
                                     kDpmpp2mSdeHeunAliases,
                                     "dpmpp_2m_sde with Heun's weights for the second-order term",
                                     true,
                                     make_dpmpp_2m_sde_heun};

}  // namespace limner
