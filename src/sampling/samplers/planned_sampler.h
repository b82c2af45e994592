#pragma once
// A drawing whose evaluations are known beforehand. What the samplers of this folder share: asking, noising,
// counting, saving. What is left to a sampler is the formula by which it advances.

#include <span>
#include <vector>

#include "sampling/noise_schedule.h"
#include "sampling/sampler.h"

namespace limner {

/// One evaluation of the network.
struct Evaluation {
  float timestep = 0;
  float input_divisor = 1;  ///< the network sees latent / input_divisor: diffusers' scale_model_input
  float clean_weight =
      1;  ///< what a clean latent and noise are multiplied by when they stand in for the latent at
  float noise_weight = 0;  ///< this evaluation: diffusers' add_noise
};

/// One evaluation a step at each sigma but the last, for latents of variance 1 + sigma^2.
std::vector<Evaluation> sigma_plan(const SigmaSchedule& levels);

/// The evaluations of a drawing and what it needs to begin.
struct Plan {
  std::vector<Evaluation> evaluations;
  int first = 0;  ///< evaluations before this one are left out (image-to-image)
  float init_noise_sigma = 1;
};

/// Invariants: 1. Everything that changes is in next_ and state_, so that save() is complete; a subclass only
/// has constants. 2. next_ is in [plan.first, evaluations].
class PlannedSampler : public Sampler {
 public:
  std::optional<Ask> ask() final;
  void tell(std::span<const float> prediction, NoiseStream& noise) final;
  std::span<float> latent() final { return part(0); }
  std::span<const float> denoised() const final;
  void noised(std::span<const float> clean, std::span<const float> noise, std::span<float> out) const final;
  float init_noise_sigma() const final { return plan_.init_noise_sigma; }
  int asks_done() const final { return next_ - plan_.first; }
  int asks_total() const final { return static_cast<int>(plan_.evaluations.size()) - plan_.first; }
  std::vector<float> save() const final;
  Result<void> restore(std::span<const float> state) final;

 protected:
  /// `memories` latents besides the current one and the clean estimate are kept from step to step.
  PlannedSampler(const SamplerRequest& request, Plan plan, int memories);

  /// Moves latent() past evaluation `index`, given the network's prediction there, and leaves the clean
  /// estimate in clean(). Allocates nothing.
  virtual void advance(int index, std::span<const float> prediction, NoiseStream& noise) = 0;

  std::span<float> clean() { return part(1); }
  std::span<float> memory(int index) { return part(2 + index); }
  /// A latent's worth of numbers that are worth nothing after advance().
  std::span<float> scratch() { return scratch_; }
  int first() const { return plan_.first; }
  const Evaluation& evaluation(int index) const { return plan_.evaluations[static_cast<size_t>(index)]; }

 private:
  std::span<float> part(int index) { return {state_.data() + size_ * static_cast<size_t>(index), size_}; }

  Plan plan_;
  size_t size_;
  int next_;
  std::vector<float> state_;  ///< [latent, clean estimate, memories][element]
  std::vector<float> scratch_;
};

/// Checks what every sampler needs of a request beyond its schedule: a latent, and `skip` within `steps`.
/// `eta_max` is the largest eta the sampler knows. Errors are `invalid` and name the field.
Result<void> check_request(const SamplerRequest& request, int steps, float eta_max);

}  // namespace limner
