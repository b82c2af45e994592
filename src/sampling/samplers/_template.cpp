// A sampler to start from: copy this file to NAME.cpp, rename what says Template, add the line &kName to the
// list in sampling/samplers.cpp, and a Subject to tests/parity/test_samplers.py if diffusers has the same
// sampler. (This one is Euler's method with the clean estimate held back a little; it is built and tested
// with the others but is not listed.)
//
// Begin with the source: author year (arXiv:number), equation or algorithm; diffusers class.

#include "sampling/samplers/planned_sampler.h"
#include "sampling/samplers/sigma_clean.h"

namespace limner {
namespace {

// PlannedSampler asks, counts, noises and saves. What changes from step to step must live in latent(),
// clean() and memory(i), because that is what it saves; members are constants. Here nothing is remembered,
// hence the 0.
class Template final : public PlannedSampler {
 public:
  Template(const SamplerRequest& request, const SigmaSchedule& levels)
      : PlannedSampler(request, {sigma_plan(levels), request.skip, levels.init_noise_sigma}, 0),
        prediction_(request.training->prediction),
        sigmas_(levels.sigmas) {}

 private:
  // From level `step` to the next. f32, in the reference's order of operations; no allocation, no randomness
  // but `noise`.
  void advance(int step, std::span<const float> prediction, NoiseStream&) override {
    const float sigma = sigmas_[static_cast<size_t>(step)];
    const float length = sigmas_[static_cast<size_t>(step) + 1] - sigma;
    const std::span<float> x = latent(), denoised = clean();
    sigma_clean(prediction_, sigma, x, prediction, denoised);
    for (size_t i = 0; i < x.size(); ++i) x[i] = x[i] + (x[i] - 0.99f * denoised[i]) / sigma * length;
  }

  Prediction prediction_;
  std::vector<float> sigmas_;
};

// Everything that can go wrong does so here: what a config or a request may not say is an Error that names
// it.
Result<std::unique_ptr<Sampler>> make_template(const SamplerRequest& request) {
  const SigmaSchedule levels =
      TRY(make_sigma_schedule(*request.training, request.schedule, request.steps, k_diffusion_rules()));
  TRY(check_request(request, static_cast<int>(levels.timesteps.size()), 1));
  return std::make_unique<Template>(request, levels);
}

constexpr std::string_view kTemplateAliases[] = {"ClassNameOfDiffusers"};

}  // namespace

extern const SamplerInfo kTemplate;
const SamplerInfo kTemplate = {"template", "Title in A1111", kTemplateAliases, "one line for the docs",
                               false,      make_template};

}  // namespace limner
