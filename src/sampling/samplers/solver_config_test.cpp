// What the solvers make of a model's scheduler config, and what they refuse.

#include "sampling/samplers/solver_config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "sampling/sampler.h"

namespace limner {
namespace {

TrainingSchedule training_with(const Json& options) {
  Json config = {{"_class_name", "DPMSolverMultistepScheduler"},
                 {"beta_schedule", "scaled_linear"},
                 {"beta_start", 0.00085},
                 {"beta_end", 0.012}};
  config.update(options);
  return read_training_schedule(config, "scheduler_config.json").value();
}

Result<std::unique_ptr<Sampler>> sampler_for(const char* sampler, const TrainingSchedule& training,
                                             int steps = 5) {
  return find_sampler(sampler).value()->make({.training = &training, .steps = steps, .latent_size = 16});
}

std::string refused(const char* sampler, const Json& options) {
  const TrainingSchedule training = training_with(options);
  const auto made = sampler_for(sampler, training);
  if (made) return "";
  EXPECT_EQ(made.error().code, Code::unsupported);
  EXPECT_FALSE(made.error().hint.empty());
  return made.error().field;
}

TEST(SolverConfig, RefusesWhatHasNoLimitAtSigmaZero) {
  EXPECT_EQ(refused("dpmpp_2m", {{"algorithm_type", "dpmsolver"}}), "final_sigmas_type");
  EXPECT_EQ(refused("dpmpp_2m_sde", {{"algorithm_type", "sde-dpmsolver"}}), "final_sigmas_type");
  EXPECT_EQ(refused("unipc", {{"predict_x0", false}}), "predict_x0");
  EXPECT_EQ(refused("unipc", {{"lower_order_final", false}}), "lower_order_final");
  EXPECT_EQ(refused("unipc", {{"lower_order_final", false}, {"solver_order", 1}}), "");
  EXPECT_EQ(refused("dpmpp_2m", {{"algorithm_type", "dpmsolver"}, {"final_sigmas_type", "sigma_min"}}), "");
}

// The name decides whether there is noise, and of which order the SDE is; the config decides the rest.
TEST(SolverConfig, GivesWayToTheSamplersName) {
  struct Counted final : NoiseStream {
    int draws = 0;
    void normal(std::span<float> out) override { ++draws, std::ranges::fill(out, 0.0f); }
    std::unique_ptr<NoiseStream> clone() const override { return std::make_unique<Counted>(*this); }
  };
  for (const auto& [sampler, draws] :
       {std::pair("dpmpp_2m", 0), {"dpmpp_2m_sde", 5}, {"dpmpp_3m_sde", 5}, {"unipc", 0}}) {
    for (const char* algorithm : {"dpmsolver++", "sde-dpmsolver++", "deis"}) {
      const TrainingSchedule training =
          training_with({{"algorithm_type", algorithm}, {"solver_type", "logrho"}});
      const auto drawing = sampler_for(sampler, training).value();
      Counted noise;
      const std::vector<float> prediction(16, 0.1f);
      while (drawing->ask()) drawing->tell(prediction, noise);
      EXPECT_EQ(noise.draws, draws) << sampler << " of " << algorithm;
    }
  }
}

TEST(SolverConfig, StepsOfNoLengthAtTheEndDoNotSpoilADrawing) {
  // Karras ends at the training table's smallest sigma, and so does sigma_min: diffusers divides zero by
  // zero.
  const TrainingSchedule training = training_with({{"final_sigmas_type", "sigma_min"},
                                                   {"use_karras_sigmas", true},
                                                   {"solver_type", "heun"},
                                                   {"solver_order", 3}});
  for (const char* sampler : {"dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde", "unipc", "deis"}) {
    const auto drawing = sampler_for(sampler, training, 20).value();
    const auto noise = noise_kinds().front()->make(1);
    const std::vector<float> prediction(16, 0.1f);
    while (drawing->ask()) drawing->tell(prediction, *noise);
    for (const float value : drawing->latent()) EXPECT_TRUE(std::isfinite(value)) << sampler;
  }
}

}  // namespace
}  // namespace limner
