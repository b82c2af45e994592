// Pseudo linear multistep: Adams-Bashforth on the noise prediction. Liu et al. 2022 (arXiv:2202.09778),
// equation 12; diffusers' PNDMScheduler with skip_prk_steps, which makes the first step twice (Heun's way) to
// get going.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sampling/samplers/vp_steps.h"

namespace limner {
namespace {

constexpr int kPlmsOrder = 4;

// One evaluation: at alpha `at`, then the step from alpha `from` to alpha `to`.
struct Move {
  float timestep, at, from, to;
};

class Plms final : public PlannedSampler {
 public:
  Plms(const SamplerRequest& request, std::vector<Move> moves, Plan plan)
      : PlannedSampler(request, std::move(plan), kPlmsOrder + 1),
        prediction_(request.training->prediction),
        moves_(std::move(moves)) {}

 private:
  void advance(int index, std::span<const float> prediction, NoiseStream&) override {
    const auto [timestep, at, from, to] = moves_[static_cast<size_t>(index)];
    const int count = index - first();
    const std::span<float> x = latent(), start = memory(kPlmsOrder), mixed = scratch();
    vp_clean(prediction_, level_of(at), x, prediction, clean());
    if (count == 0) std::ranges::copy(x, start.begin());
    if (count == 1) std::ranges::copy(start, x.begin());
    mix(count, prediction, mixed);
    transfer(x, mixed, from, to);
  }

  // The second evaluation repeats the first step with the mean of both slopes and is not remembered.
  std::span<float> slope(int count) { return memory((count < 2 ? 0 : count - 1) % kPlmsOrder); }

  void mix(int count, std::span<const float> prediction, std::span<float> mixed) {
    if (count == 1) {
      const std::span<const float> first_slope = slope(0);
      for (size_t i = 0; i < mixed.size(); ++i) mixed[i] = (prediction[i] + first_slope[i]) / 2;
      return;
    }
    std::ranges::copy(prediction, slope(count).begin());
    const std::span<const float> a = slope(count), b = slope(count - 1), c = slope(count - 2),
                                 d = slope(count - 3);
    switch (std::min(count, kPlmsOrder)) {
      case 0:
        std::ranges::copy(a, mixed.begin());
        break;
      case 2:
        for (size_t i = 0; i < mixed.size(); ++i) mixed[i] = (3 * a[i] - b[i]) / 2;
        break;
      case 3:
        for (size_t i = 0; i < mixed.size(); ++i) mixed[i] = (23 * a[i] - 16 * b[i] + 5 * c[i]) / 12;
        break;
      default:
        for (size_t i = 0; i < mixed.size(); ++i)
          mixed[i] = static_cast<float>(1.0 / 24) * (55 * a[i] - 59 * b[i] + 37 * c[i] - 9 * d[i]);
    }
  }

  // Equation 11 of the paper, for epsilon; a v prediction is turned into one first.
  void transfer(std::span<float> x, std::span<float> output, float from, float to) const {
    if (prediction_ == Prediction::v) vp_noise(prediction_, level_of(from), x, output, output);
    const float latent_weight = std::sqrt(to / from);
    const float denominator = from * std::sqrt(1 - to) + std::sqrt(from * (1 - from) * to);
    for (size_t i = 0; i < x.size(); ++i) x[i] = latent_weight * x[i] - (to - from) * output[i] / denominator;
  }

  Prediction prediction_;
  std::vector<Move> moves_;
};

// diffusers lists the timesteps with the second one doubled and strides from each by a fixed number of
// timesteps; image-to-image begins somewhere in that list.
std::vector<Move> plain_moves(const TrainingSchedule& training, std::span<const VpStep> steps, int step_count,
                              int skip, float final_alpha) {
  const int stride = training.train_timesteps / step_count;
  const auto alpha_at = [&](int t) {
    const int last = training.train_timesteps - 1;
    return t < 0 ? final_alpha : training.alphas_cumprod[static_cast<size_t>(std::min(t, last))];
  };
  std::vector<Move> moves;
  for (size_t i = 0; i < steps.size(); ++i) {
    const int t = static_cast<int>(steps[i].timestep);
    for (int copies = i == 1 ? 2 : 1; copies > 0; --copies) {
      const bool again = static_cast<int>(moves.size()) == skip + 1;
      const int from = again ? t + stride : t;
      moves.push_back({steps[i].timestep, alpha_at(t), alpha_at(from), alpha_at(from - stride)});
    }
  }
  return moves;
}

// On other schedules each step goes from its level to the next, the one after the first being taken twice.
std::vector<Move> level_moves(std::span<const VpStep> steps, int skip) {
  std::vector<Move> moves;
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto [timestep, alpha, next] = steps[i];
    if (static_cast<int>(i) == skip + 1) moves.push_back({timestep, alpha, steps[i - 1].alpha, alpha});
    moves.push_back({timestep, alpha, alpha, next});
  }
  return moves;
}

Result<void> check_supported(const SamplerRequest& request) {
  const TrainingSchedule& training = *request.training;
  if (training.prediction == Prediction::sample)
    return unsupported("sampler", "plms cannot draw with a model that predicts the sample",
                       "try euler or ddim");
  if (!training.skip_prk_steps)
    return unsupported("skip_prk_steps", "plms starts without Runge-Kutta steps",
                       "set it to true in the model's config");
  const NoiseSchedule* schedule = TRY(choose_noise_schedule(training, request.schedule));
  if (!schedule->uniform_in_time)
    return unsupported(
        "schedule",
        fmt::format("plms needs timesteps that are equally far apart; {} has others", schedule->name),
        "leave the schedule out, or take lms or dpmpp_2m");
  return {};
}

Result<std::unique_ptr<Sampler>> make_plms(const SamplerRequest& request) {
  TRY(check_supported(request));
  const TrainingSchedule& training = *request.training;
  const float final_alpha = training.set_alpha_to_one ? 1 : training.alphas_cumprod.front();
  const std::vector<VpStep> steps = TRY(vp_steps(request, final_alpha));
  TRY(check_request(request, static_cast<int>(steps.size()), 1));
  const bool plain = TRY(is_plain(request));
  std::vector<Move> moves = plain ? plain_moves(training, steps, request.steps, request.skip, final_alpha)
                                  : level_moves(steps, request.skip);
  Plan plan = {.first = request.skip};
  for (const Move& move : moves) plan.evaluations.push_back(vp_evaluation(move.timestep, move.at));
  return std::make_unique<Plms>(request, std::move(moves), std::move(plan));
}

constexpr std::string_view kPlmsAliases[] = {"PNDMScheduler", "pndm"};

}  // namespace

extern const SamplerInfo kPlms;
const SamplerInfo kPlms = {"plms",       "PLMS",
                           kPlmsAliases, "fourth order from past predictions; one evaluation more",
                           false,        make_plms};

}  // namespace limner
