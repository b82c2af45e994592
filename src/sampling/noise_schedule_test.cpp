// What holds for every noise schedule; that the numbers are diffusers' is tests/parity/test_samplers.py's to
// show.

#include "sampling/noise_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "sampling/schedules/beta_quantile.h"
#include "sampling/schedules/numpy_log.h"

namespace limner {
namespace {

TrainingSchedule training_of(Json changes = Json::object()) {
  Json config = {
      {"_class_name", "EulerDiscreteScheduler"}, {"beta_start", 0.00085}, {"beta_end", 0.012},
      {"beta_schedule", "scaled_linear"},        {"steps_offset", 1},     {"timestep_spacing", "leading"}};
  config.update(changes);
  return read_training_schedule(config, "scheduler_config.json").value();
}

void expect_near(std::span<const float> actual, std::initializer_list<float> expected, float tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected.begin()[i], tolerance) << i;
}

TEST(NoiseSchedules, AreFoundByAnyName) {
  for (const NoiseSchedule* schedule : noise_schedules()) {
    EXPECT_EQ(find_noise_schedule(schedule->name).value(), schedule);
    EXPECT_EQ(find_noise_schedule(schedule->title).value(), schedule);
    for (const std::string_view alias : schedule->aliases)
      EXPECT_EQ(find_noise_schedule(alias).value(), schedule);
    EXPECT_FALSE(schedule->doc.empty());
  }
  EXPECT_EQ(find_noise_schedule("carrot").error().field, "schedule");
}

TEST(NoiseSchedules, FallFromNoiseToNothing) {
  for (const Json& changes :
       {Json::object(), Json{{"timestep_spacing", "trailing"}}, Json{{"timestep_spacing", "linspace"}},
        Json{{"rescale_betas_zero_snr", true}}}) {
    const TrainingSchedule training = training_of(changes);
    for (const NoiseSchedule* schedule : noise_schedules()) {
      for (const ScheduleRules& rules : {k_diffusion_rules(), dpm_solver_rules(training), ddim_rules()}) {
        for (const int steps : {1, 2, 3, 7, 30, 50}) {
          SCOPED_TRACE(testing::Message() << schedule->name << " " << steps << " " << changes);
          const SigmaSchedule levels = make_sigma_schedule(training, schedule->name, steps, rules).value();
          EXPECT_EQ(levels.sigmas.size(), levels.timesteps.size() + 1);
          EXPECT_GE(std::ssize(levels.timesteps), steps);
          EXPECT_EQ(levels.sigmas.back(), 0);
          EXPECT_TRUE(std::isfinite(levels.sigmas.front()));
          EXPECT_TRUE(std::ranges::is_sorted(levels.sigmas, std::greater<>()));
          EXPECT_TRUE(std::ranges::is_sorted(levels.timesteps, std::greater<>()));
          EXPECT_GE(levels.timesteps.back(), 0);
          EXPECT_LE(levels.timesteps.front(), 999);
          if (!rules.integer_timesteps) continue;
          for (const float timestep : levels.timesteps) EXPECT_EQ(timestep, std::floor(timestep));
        }
      }
    }
  }
}

// Recomputed with diffusers 0.42.1 for SD 1.5's betas.
TEST(NoiseSchedules, KarrasOfFiveSteps) {
  const SigmaSchedule levels =
      make_sigma_schedule(training_of({{"timestep_spacing", "trailing"}}), "karras", 5, k_diffusion_rules())
          .value();
  expect_near(levels.sigmas, {14.6146469f, 7.39392328f, 3.47552967f, 1.49103391f, 0.569285393f, 0}, 1e-5f);
  expect_near(levels.timesteps, {999, 876.587585f, 710.296326f, 475.339783f, 199}, 1e-3f);
  EXPECT_EQ(levels.init_noise_sigma, levels.sigmas.front());
}

TEST(NoiseSchedules, AlignYourStepsIsItsTableAtElevenSteps) {
  const SigmaSchedule levels = make_sigma_schedule(training_of(), "ays", 11, k_diffusion_rules()).value();
  expect_near(levels.sigmas,
              {14.615f, 6.475f, 3.861f, 2.697f, 1.886f, 1.396f, 0.963f, 0.652f, 0.399f, 0.152f, 0.029f, 0},
              1e-6f);
}

TEST(NoiseSchedules, LeadingSpacingStartsFromUnitVariance) {
  const SigmaSchedule levels = make_sigma_schedule(training_of(), "plain", 4, k_diffusion_rules()).value();
  expect_near(levels.timesteps, {751, 501, 251, 1}, 0);
  EXPECT_FLOAT_EQ(levels.init_noise_sigma, std::sqrt(levels.sigmas[0] * levels.sigmas[0] + 1));
}

TEST(NoiseSchedules, AnEmptyNameIsTheModelsOwn) {
  EXPECT_EQ(choose_noise_schedule(training_of(), "").value()->name, "plain");
  const TrainingSchedule karras = training_of({{"use_karras_sigmas", true}});
  EXPECT_EQ(choose_noise_schedule(karras, "").value()->name, "karras");
  EXPECT_EQ(choose_noise_schedule(karras, "plain").value()->name, "plain");
}

TEST(NoiseSchedules, MayEndAboveZero) {
  const TrainingSchedule training = training_of({{"final_sigmas_type", "sigma_min"}});
  const float smallest = sigma_table(training).front();
  EXPECT_EQ(make_sigma_schedule(training, "plain", 5, euler_rules(training)).value().sigmas.back(), smallest);
  EXPECT_EQ(make_sigma_schedule(training, "plain", 5, k_diffusion_rules()).value().sigmas.back(), 0);
  const SigmaSchedule deis = make_sigma_schedule(training, "karras", 5, deis_rules()).value();
  EXPECT_EQ(deis.sigmas[5], deis.sigmas[4]);
}

TEST(NoiseSchedules, RefuseStepsThatDoNotFit) {
  for (const int steps : {-1, 0, 1001}) {
    const auto levels = make_sigma_schedule(training_of(), "karras", steps, k_diffusion_rules());
    EXPECT_EQ(levels.error().field, "steps");
  }
  // Leading spacing with offset 1 would ask for timestep 1000 of 0..999.
  EXPECT_EQ(make_sigma_schedule(training_of(), "plain", 1000, ddim_rules()).error().field, "steps");
}

TEST(NoiseSchedules, RefuseRangesUpsideDown) {
  const TrainingSchedule training = training_of({{"sigma_min", 20}});
  EXPECT_EQ(make_sigma_schedule(training, "karras", 5, k_diffusion_rules()).error().field, "sigma_min");
}

TEST(BetaQuantile, IsScipys) {
  EXPECT_EQ(beta_quantile(0, 0.6, 0.6), 0);
  EXPECT_EQ(beta_quantile(1, 0.6, 0.6), 1);
  EXPECT_NEAR(beta_quantile(0.5, 0.6, 0.6), 0.5, 1e-15);
  EXPECT_NEAR(beta_quantile(0.25, 0.6, 0.6), 0.17568037865269498, 1e-13);
  EXPECT_NEAR(beta_quantile(0.99, 0.6, 0.6), 0.99913876117845712, 1e-13);
  EXPECT_NEAR(beta_quantile(0.3, 2, 5), 0.18180347131894917, 1e-13);
}

TEST(NumpyLog, IsALogarithm) {
  for (float x = 0.001f; x < 5000; x *= 1.01f)
    EXPECT_NEAR(numpy_log(x), std::log(x), 5e-7f * (1 + std::fabs(std::log(x))));
}

}  // namespace
}  // namespace limner
