#include "sampling/samplers/planned_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace limner {

std::vector<Evaluation> sigma_plan(const SigmaSchedule& levels) {
  std::vector<Evaluation> plan;
  for (size_t step = 0; step < levels.timesteps.size(); ++step) {
    const float sigma = levels.sigmas[step];
    plan.push_back({levels.timesteps[step], std::sqrt(sigma * sigma + 1), 1, sigma});
  }
  return plan;
}

PlannedSampler::PlannedSampler(const SamplerRequest& request, Plan plan, int memories)
    : plan_(std::move(plan)),
      size_(request.latent_size),
      next_(plan_.first),
      state_(size_ * static_cast<size_t>(2 + memories)),
      scratch_(size_) {}

std::optional<Ask> PlannedSampler::ask() {
  if (asks_done() == asks_total()) return std::nullopt;
  const Evaluation& now = evaluation(next_);
  if (now.input_divisor == 1) return Ask{now.timestep, latent()};
  std::ranges::transform(latent(), scratch_.begin(), [&](float x) { return x / now.input_divisor; });
  return Ask{now.timestep, scratch_};
}

void PlannedSampler::tell(std::span<const float> prediction, NoiseStream& noise) {
  LIMNER_CHECK(asks_done() < asks_total(), "told something after the last ask");
  LIMNER_CHECK(prediction.size() == size_, "a prediction has the latent's size");
  advance(next_, prediction, noise);
  ++next_;
}

std::span<const float> PlannedSampler::denoised() const {
  if (asks_done() == 0) return {};
  return std::span(state_).subspan(size_, size_);
}

void PlannedSampler::noised(std::span<const float> clean, std::span<const float> noise,
                            std::span<float> out) const {
  LIMNER_CHECK(clean.size() == out.size() && noise.size() == out.size(),
               "clean, noise and out have one size");
  const bool drawn = asks_done() == asks_total();
  const Evaluation now = drawn ? Evaluation{} : evaluation(next_);
  for (size_t i = 0; i < out.size(); ++i) out[i] = now.clean_weight * clean[i] + now.noise_weight * noise[i];
}

std::vector<float> PlannedSampler::save() const {
  std::vector<float> saved = {static_cast<float>(next_)};
  saved.insert(saved.end(), state_.begin(), state_.end());
  return saved;
}

Result<void> PlannedSampler::restore(std::span<const float> state) {
  if (state.size() != 1 + state_.size())
    return invalid("checkpoint",
                   fmt::format("{} numbers where this drawing has {}", state.size(), 1 + state_.size()));
  const float next = state.front(), end = static_cast<float>(plan_.evaluations.size());
  if (!(next >= static_cast<float>(plan_.first) && next <= end && next == std::floor(next)))
    return invalid("checkpoint", fmt::format("evaluation {} is not in {}..{}", next, plan_.first, end));
  next_ = static_cast<int>(next);
  std::ranges::copy(state.subspan(1), state_.begin());
  return {};
}

Result<void> check_request(const SamplerRequest& request, int steps, float eta_max) {
  if (request.latent_size == 0) return invalid("size", "the latent is empty");
  if (request.skip < 0 || request.skip >= steps)
    return invalid("strength",
                   fmt::format("leaving out {} of {} steps leaves nothing to draw", request.skip, steps));
  if (request.eta > eta_max) return invalid("eta", fmt::format("{} is more than {}", request.eta, eta_max));
  return {};
}

}  // namespace limner
