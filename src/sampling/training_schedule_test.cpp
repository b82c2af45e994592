#include "sampling/training_schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "sampling/sampler.h"

namespace limner {
namespace {

Json config_of(const char* class_name, Json changes = Json::object()) {
  Json config = {{"_class_name", class_name}, {"_diffusers_version", "0.42.1"}};
  config.update(changes);
  return config;
}

TrainingSchedule read(const Json& config) {
  return read_training_schedule(config, "scheduler_config.json").value();
}
Error refusal(const Json& config) { return read_training_schedule(config, "scheduler_config.json").error(); }

const Json kStableDiffusion = {
    {"beta_start", 0.00085}, {"beta_end", 0.012}, {"beta_schedule", "scaled_linear"}};

TEST(TrainingSchedule, ReadsTheDefaultModels) {
  const std::string path = LIMNER_SOURCE_DIR "/models/limner-tiny/scheduler/scheduler_config.json";
  const TrainingSchedule training = read(parse_json(read_file(path, 1 << 16).value(), path).value());
  EXPECT_EQ(training.sampler, "ddim");
  EXPECT_EQ(training.prediction, Prediction::v);
  EXPECT_FALSE(training.set_alpha_to_one);
  EXPECT_EQ(training.steps_offset, 1);
}

TEST(TrainingSchedule, ReadsStableDiffusion15) {
  Json config = config_of("PNDMScheduler", kStableDiffusion);
  config.update({{"clip_sample", false},
                 {"num_train_timesteps", 1000},
                 {"set_alpha_to_one", false},
                 {"skip_prk_steps", true},
                 {"steps_offset", 1},
                 {"trained_betas", nullptr}});
  const TrainingSchedule training = read(config);
  EXPECT_EQ(training.sampler, "plms");
  EXPECT_EQ(training.prediction, Prediction::epsilon);
  EXPECT_EQ(training.spacing, TimestepSpacing::leading);
  ASSERT_EQ(training.alphas_cumprod.size(), 1000u);
  // torch's numbers, bit for bit.
  EXPECT_EQ(training.alphas_cumprod[0], 0.999149978f);
  EXPECT_EQ(training.alphas_cumprod[500], 0.276332468f);
  EXPECT_EQ(training.alphas_cumprod[999], 0.00466009509f);
}

TEST(TrainingSchedule, ReadsStableDiffusionXlWithKeysOfOtherSchedulers) {
  Json config = config_of("EulerDiscreteScheduler", kStableDiffusion);
  config.update({{"clip_sample", false},
                 {"interpolation_type", "linear"},
                 {"prediction_type", "epsilon"},
                 {"sample_max_value", 1.0},
                 {"set_alpha_to_one", false},
                 {"skip_prk_steps", true},
                 {"steps_offset", 1},
                 {"timestep_spacing", "leading"},
                 {"use_karras_sigmas", false}});
  EXPECT_EQ(read(config).sampler, "euler");
  EXPECT_EQ(read(config).schedule, "");
}

TEST(TrainingSchedule, TakesTheClassesDefaults) {
  EXPECT_TRUE(read(config_of("DDIMScheduler")).clip_sample);
  EXPECT_FALSE(read(config_of("EulerDiscreteScheduler")).clip_sample);
  EXPECT_FALSE(read(config_of("PNDMScheduler")).skip_prk_steps);
  EXPECT_EQ(read(config_of("EulerDiscreteScheduler")).spacing, TimestepSpacing::linspace);
  // linear from 0.0001, and scaled_linear from 0.00085.
  EXPECT_FLOAT_EQ(read(config_of("DDIMScheduler")).alphas_cumprod[0], 1 - 0.0001f);
  EXPECT_FLOAT_EQ(read(config_of("LCMScheduler")).alphas_cumprod[0], 1 - 0.00085f);
}

TEST(TrainingSchedule, NamesASamplerForEveryClass) {
  for (const SamplerInfo* info : samplers()) {
    for (const std::string_view alias : info->aliases) {
      if (!alias.ends_with("Scheduler")) continue;
      const TrainingSchedule training = read(config_of(std::string(alias).c_str()));
      EXPECT_TRUE(find_sampler(training.sampler).has_value()) << alias << ": " << training.sampler;
    }
  }
}

TEST(TrainingSchedule, TellsDpmSolversApart) {
  const auto sampler_of = [](Json changes) {
    return read(config_of("DPMSolverMultistepScheduler", changes)).sampler;
  };
  EXPECT_EQ(sampler_of(Json::object()), "dpmpp_2m");
  EXPECT_EQ(sampler_of({{"algorithm_type", "sde-dpmsolver++"}}), "dpmpp_2m_sde");
  EXPECT_EQ(sampler_of({{"algorithm_type", "sde-dpmsolver++"}, {"solver_order", 3}}), "dpmpp_3m_sde");
}

TEST(TrainingSchedule, NamesTheScheduleOfItsFlag) {
  EXPECT_EQ(read(config_of("EulerDiscreteScheduler", {{"use_karras_sigmas", true}})).schedule, "karras");
  EXPECT_EQ(read(config_of("EulerDiscreteScheduler", {{"use_beta_sigmas", true}})).schedule, "beta");
  const Error error = refusal(
      config_of("EulerDiscreteScheduler", {{"use_karras_sigmas", true}, {"use_exponential_sigmas", true}}));
  EXPECT_EQ(error.field, "scheduler_config.json: use_exponential_sigmas");
}

TEST(TrainingSchedule, RescalesToZeroTerminalSnr) {
  Json config = config_of("DDIMScheduler", kStableDiffusion);
  const float first = read(config).alphas_cumprod[0];
  config["rescale_betas_zero_snr"] = true;
  const TrainingSchedule training = read(config);
  EXPECT_EQ(training.alphas_cumprod.back(), 0);
  EXPECT_NEAR(training.alphas_cumprod[0], first, 1e-6f);
}

TEST(TrainingSchedule, TakesTrainedBetas) {
  const Json config =
      config_of("DDIMScheduler", {{"num_train_timesteps", 3}, {"trained_betas", {0.1, 0.2, 0.5}}});
  const TrainingSchedule training = read(config);
  EXPECT_FLOAT_EQ(training.alphas_cumprod[2], 0.9f * 0.8f * 0.5f);
  EXPECT_EQ(refusal(config_of("DDIMScheduler", {{"trained_betas", {0.1}}})).field,
            "scheduler_config.json: trained_betas");
}

TEST(TrainingSchedule, RefusesWhatItDoesNotKnowByName) {
  const struct {
    Json changes;
    const char* key;
  } cases[] = {
      {{{"beta_schedule", "sigmoid"}}, "beta_schedule"},
      {{{"prediction_type", "flow_prediction"}}, "prediction_type"},
      {{{"use_flow_sigmas", true}}, "use_flow_sigmas"},
      {{{"use_lu_lambdas", true}}, "use_lu_lambdas"},
      {{{"interpolation_type", "log_linear"}}, "interpolation_type"},
      {{{"timestep_type", "continuous"}}, "timestep_type"},
      {{{"num_train_timesteps", 1000000000}}, "num_train_timesteps"},
      {{{"num_train_timesteps", 0}}, "num_train_timesteps"},
      {{{"num_train_timesteps", 10.5}}, "num_train_timesteps"},
      {{{"steps_offset", -1}}, "steps_offset"},
      {{{"clip_sample", "yes"}}, "clip_sample"},
      {{{"trained_betas", {"a"}}}, "trained_betas"},
      {{{"colour", "blue"}}, "colour"},
  };
  for (const auto& [changes, key] : cases) {
    const Error error = refusal(config_of("DPMSolverMultistepScheduler", changes));
    EXPECT_EQ(error.code, Code::unsupported) << key;
    EXPECT_EQ(error.field, std::string("scheduler_config.json: ") + key);
  }
}

TEST(TrainingSchedule, RefusesOtherClasses) {
  const Error error = refusal(config_of("FlowMatchEulerDiscreteScheduler"));
  EXPECT_EQ(error.code, Code::unsupported);
  EXPECT_NE(error.message.find("EulerDiscreteScheduler"), std::string::npos);
  EXPECT_EQ(refusal(Json::object()).code, Code::invalid);
  EXPECT_EQ(refusal(Json::array()).code, Code::invalid);
  EXPECT_EQ(refusal(Json(nullptr)).code, Code::invalid);
}

TEST(TrainingSchedule, RefusesBetasThatAddNoNoise) {
  for (const Json& changes :
       {Json{{"beta_start", 0}, {"beta_end", 0}}, Json{{"beta_start", 1}, {"beta_end", 1}},
        Json{{"beta_start", 1e-12}, {"beta_end", 1e-12}},
        Json{{"beta_start", 0}, {"beta_end", 0}, {"rescale_betas_zero_snr", true}}})
    EXPECT_EQ(refusal(config_of("DDIMScheduler", changes)).code, Code::invalid) << changes;
}

}  // namespace
}  // namespace limner
