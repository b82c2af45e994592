// Linear multistep: the polynomial through the last four slopes, integrated over the step. k-diffusion's
// sample_lms; diffusers' LMSDiscreteScheduler. Its order grows with the step of the whole schedule, so in
// image-to-image the first steps weigh as if there had been slopes before them, which count as 0: kept,
// because that is the picture it draws.

#include <algorithm>
#include <array>
#include <cmath>

#include "sampling/samplers/planned_sampler.h"
#include "sampling/samplers/sigma_clean.h"

namespace limner {
namespace {

constexpr int kLmsOrder = 4;
using Weights = std::array<float, kLmsOrder>;

// The Lagrange basis polynomial that is 1 at sigmas[which] and 0 at the others, at `sigma`.
double basis(std::span<const float> sigmas, size_t which, double sigma) {
  double product = 1;
  for (size_t k = 0; k < sigmas.size(); ++k) {
    if (k == which) continue;
    product *= (sigma - sigmas[k]) / (static_cast<double>(sigmas[which]) - sigmas[k]);
  }
  return product;
}

// The integral of each basis polynomial from known[0] to `end`; two Gauss points are exact up to degree
// three.
Weights integrate(std::span<const float> known, double end) {
  const double half = (end - known[0]) / 2, middle = (end + known[0]) / 2, offset = half / std::sqrt(3.0);
  Weights weights = {};
  for (size_t j = 0; j < known.size(); ++j)
    weights[j] =
        static_cast<float>(half * (basis(known, j, middle - offset) + basis(known, j, middle + offset)));
  return weights;
}

class Lms final : public PlannedSampler {
 public:
  Lms(const SamplerRequest& request, const SigmaSchedule& levels)
      : PlannedSampler(request, {sigma_plan(levels), request.skip, levels.init_noise_sigma}, kLmsOrder),
        prediction_(request.training->prediction),
        sigmas_(levels.sigmas) {}

 private:
  void advance(int step, std::span<const float> prediction, NoiseStream&) override {
    const int order = std::min(step + 1, kLmsOrder), slopes = std::min(step - first() + 1, order);
    const float sigma = sigmas_[static_cast<size_t>(step)];
    const std::span<float> x = latent(), denoised = clean(), slope = slope_at(step), change = scratch();
    sigma_clean(prediction_, sigma, x, prediction, denoised);
    for (size_t i = 0; i < x.size(); ++i) slope[i] = (x[i] - denoised[i]) / sigma;

    const Weights weights = weights_at(step, order);
    std::ranges::fill(change, 0.0f);
    for (int back = 0; back < slopes; ++back) {
      const std::span<const float> past = slope_at(step - back);
      const float weight = weights[static_cast<size_t>(back)];
      for (size_t i = 0; i < x.size(); ++i) change[i] += weight * past[i];
    }
    for (size_t i = 0; i < x.size(); ++i) x[i] += change[i];
  }

  std::span<float> slope_at(int step) { return memory(step % kLmsOrder); }

  Weights weights_at(int step, int order) const {
    std::array<float, kLmsOrder> known;
    for (int back = 0; back < order; ++back)
      known[static_cast<size_t>(back)] = sigmas_[static_cast<size_t>(step - back)];
    return integrate(std::span(known).first(static_cast<size_t>(order)),
                     sigmas_[static_cast<size_t>(step) + 1]);
  }

  Prediction prediction_;
  std::vector<float> sigmas_;
};

Result<std::unique_ptr<Sampler>> make_lms(const SamplerRequest& request) {
  const SigmaSchedule levels =
      TRY(make_sigma_schedule(*request.training, request.schedule, request.steps, k_diffusion_rules()));
  TRY(check_request(request, static_cast<int>(levels.timesteps.size()), 1));
  return std::make_unique<Lms>(request, levels);
}

constexpr std::string_view kLmsAliases[] = {"LMSDiscreteScheduler", "k_lms"};

}  // namespace

extern const SamplerInfo kLms;
const SamplerInfo kLms = {"lms", "LMS",   kLmsAliases, "fourth order from past slopes, one evaluation a step",
                          false, make_lms};

}  // namespace limner
