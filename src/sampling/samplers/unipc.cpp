// UniPC: a multistep predictor whose next evaluation also corrects the step before, at no extra cost.
// Zhao et al. 2023 (arXiv:2302.04867); diffusers' UniPCMultistepScheduler.

#include <algorithm>
#include <optional>

#include "sampling/samplers/solver_config.h"
#include "sampling/samplers/unipc_updates.h"
#include "sampling/samplers/vp_multistep.h"

namespace limner {
namespace {

/// Options of diffusers 0.42.1's class, under its names.
struct UniPcOptions {
  UniPcForm form;
  int order = 2;  ///< 1 to 3
  bool lower_order_final = true;
  std::vector<int> disable_corrector;  ///< steps that are not corrected afterwards
};

class UniPc final : public VpMultistep {
 public:
  // Remembers one output more than the order: the corrector needs those of the step before and this one's.
  UniPc(const SamplerRequest& request, const SigmaSchedule& schedule, const UniPcOptions& options)
      : VpMultistep(request, schedule, options.order + 1, true),
        output_(options.form.predict_clean ? Output::clean : Output::noise) {
    for (int step = first(); step < step_count(); ++step) {
      const int order = std::min(options.order, order_limit(step, options.lower_order_final));
      const std::vector<VpLevel> past = levels_until(step, order);
      const bool corrected =
          std::ranges::find(options.disable_corrector, step) == options.disable_corrector.end();
      Step& weights = steps_.emplace_back();
      weights.predictor = unipc_predictor(options.form, past, level(step + 1));
      if (corrected) weights.corrector = unipc_corrector(options.form, past, level(step + 1));
    }
  }

 private:
  struct Step {
    UniPcUpdate predictor;
    std::optional<UniPcUpdate> corrector;  ///< applied once the step's end has been evaluated
  };

  void advance(int step, std::span<const float> prediction, NoiseStream&) override {
    write_output(step, prediction, output_);
    const std::optional<UniPcUpdate> corrector =
        step > first() ? weights_of(step - 1).corrector : std::nullopt;
    if (corrector)
      apply(*corrector, outputs_until(step - 1), outputs_until(step)[0], last_latent(), latent());
    std::ranges::copy(latent(), last_latent().begin());
    apply(weights_of(step).predictor, outputs_until(step), {}, latent(), latent());
  }
  const Step& weights_of(int step) const { return steps_[static_cast<size_t>(step - first())]; }

  Output output_;
  std::vector<Step> steps_;  ///< [step - first()]
};

UniPcOptions unipc_options(const TrainingSchedule& training) {
  return {.form = {.predict_clean = config_value(training, "predict_x0", true),
                   .type = config_says(training, "solver_type", "bh1") ? UniPcType::bh1 : UniPcType::bh2},
          .order = config_solver_order(training),
          .lower_order_final = config_value(training, "lower_order_final", true),
          .disable_corrector = config_value(training, "disable_corrector", std::vector<int>())};
}

// A step to sigma 0 is infinitely long in lambda: only first order between clean latents has a limit there.
Result<void> check_final_sigma(const TrainingSchedule& training, const UniPcOptions& options) {
  if (!config_ends_clean(training)) return {};
  constexpr const char* kHint = "use final_sigmas_type sigma_min";
  if (!options.form.predict_clean)
    return unsupported("predict_x0", "false does not go with final_sigmas_type zero", kHint);
  if (!options.lower_order_final && options.order > 1)
    return unsupported("lower_order_final", "false does not go with final_sigmas_type zero", kHint);
  return {};
}

Result<std::unique_ptr<Sampler>> make_unipc(const SamplerRequest& request) {
  const TrainingSchedule& training = *request.training;
  const UniPcOptions options = unipc_options(training);
  TRY(check_final_sigma(training, options));
  const SigmaSchedule schedule =
      TRY(make_sigma_schedule(training, request.schedule, request.steps, unipc_rules(training)));
  TRY(check_request(request, static_cast<int>(schedule.timesteps.size()), 1));
  return std::make_unique<UniPc>(request, schedule, options);
}

constexpr std::string_view kUniPcAliases[] = {"UniPCMultistepScheduler", "uni_pc", "uni_pc_bh2"};

}  // namespace

extern const SamplerInfo kUniPc;
const SamplerInfo kUniPc = {"unipc",       "UniPC",
                            kUniPcAliases, "predictor-corrector, deterministic; good from 10 steps",
                            false,         make_unipc};

}  // namespace limner
