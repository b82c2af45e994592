// DEIS: exponential integrator whose polynomial in log(rho) is integrated exactly, rho = sigma / alpha.
// Zhang & Chen 2022 (arXiv:2204.13902), the multistep variants of order 1 to 3, in diffusers' log-rho form
// (DEISMultistepScheduler).

#include <algorithm>
#include <cmath>

#include "sampling/samplers/solver_config.h"
#include "sampling/samplers/vp_multistep.h"
#include "sampling/schedules/numpy_log.h"

namespace limner {
namespace {

/// A step. Of first order: x <- latent * x + m[0] * noise. Of higher order, with m of the latest noises:
/// x <- scale * (x / latent + sum of m[i] * noises[i]).
struct DeisUpdate {
  int order = 1;
  float latent = 1, scale = 1;
  std::array<float, kSolverOrderMax> m{};
};

float rho(const VpLevel& level) { return level.sigma / level.alpha; }

// Large numbers cancel in these integrals' differences: even the logarithm's last bit is to be numpy's.

/// The antiderivative in t of the linear Lagrange polynomial that is 1 at b and 0 at c, in log(t).
float linear_integral(float t, float b, float c) {
  return t * (-numpy_log(c) + numpy_log(t) - 1.0f) / (numpy_log(b) - numpy_log(c));
}

/// The same of the quadratic one that is 1 at b and 0 at c and d.
float quadratic_integral(float t, float b, float c, float d) {
  const float log_t = numpy_log(t), log_b = numpy_log(b), log_c = numpy_log(c), log_d = numpy_log(d);
  const float sum =
      log_c * (log_d - log_t + 1.0f) - log_d * log_t + log_d + log_t * log_t - 2.0f * log_t + 2.0f;
  return t * sum / ((log_b - log_c) * (log_b - log_d));
}

DeisUpdate deis_update(std::span<const VpLevel> past, const VpLevel& next) {
  DeisUpdate update{.order = static_cast<int>(past.size())};
  const float to = rho(next), from = rho(past[0]);
  if (update.order == 1) {
    update.latent = next.alpha / past[0].alpha;
    update.m[0] = -(next.sigma * (std::exp(next.lambda - past[0].lambda) - 1.0f));
    return update;
  }
  update.latent = past[0].alpha;
  update.scale = next.alpha;
  const float before = rho(past[1]);
  if (update.order == 2) {
    update.m[0] = linear_integral(to, from, before) - linear_integral(from, from, before);
    update.m[1] = linear_integral(to, before, from) - linear_integral(from, before, from);
    return update;
  }
  const float oldest = rho(past[2]);
  update.m[0] = quadratic_integral(to, from, before, oldest) - quadratic_integral(from, from, before, oldest);
  update.m[1] = quadratic_integral(to, before, oldest, from) - quadratic_integral(from, before, oldest, from);
  update.m[2] = quadratic_integral(to, oldest, from, before) - quadratic_integral(from, oldest, from, before);
  return update;
}

void apply(const DeisUpdate& u, const Outputs& noises, std::span<float> x) {
  if (u.order == 1) {
    for (size_t i = 0; i < x.size(); ++i) x[i] = u.latent * x[i] + u.m[0] * noises[0][i];
    return;
  }
  for (size_t i = 0; i < x.size(); ++i) {
    float sum = x[i] / u.latent + u.m[0] * noises[0][i] + u.m[1] * noises[1][i];
    if (u.order == 3) sum += u.m[2] * noises[2][i];
    x[i] = u.scale * sum;
  }
}

class Deis final : public VpMultistep {
 public:
  Deis(const SamplerRequest& request, const SigmaSchedule& schedule, int order, bool lower_order_final)
      : VpMultistep(request, schedule, order) {
    const bool falls_at_end = lower_order_final && step_count() < kStableSteps;
    for (int step = first(); step < step_count(); ++step) {
      const int limit = order_limit(step, falls_at_end);
      updates_.push_back(deis_update(levels_until(step, std::min(order, limit)), level(step + 1)));
    }
  }

 private:
  void advance(int step, std::span<const float> prediction, NoiseStream&) override {
    write_output(step, prediction, Output::noise_of_clean);
    apply(updates_[static_cast<size_t>(step - first())], outputs_until(step), latent());
  }

  std::vector<DeisUpdate> updates_;  ///< [step - first()]
};

Result<std::unique_ptr<Sampler>> make_deis(const SamplerRequest& request) {
  const TrainingSchedule& training = *request.training;
  const SigmaSchedule schedule =
      TRY(make_sigma_schedule(training, request.schedule, request.steps, deis_rules()));
  TRY(check_request(request, static_cast<int>(schedule.timesteps.size()), 1));
  const bool lower_order_final = config_value(training, "lower_order_final", true);
  return std::make_unique<Deis>(request, schedule, config_solver_order(training), lower_order_final);
}

constexpr std::string_view kDeisAliases[] = {"DEISMultistepScheduler"};

}  // namespace

extern const SamplerInfo kDeis;
const SamplerInfo kDeis = {"deis",       "DEIS",
                           kDeisAliases, "exponential integrator, deterministic; good from 15 steps",
                           false,        make_deis};

}  // namespace limner
