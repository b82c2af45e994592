// What holds for every sampler, on every noise schedule, whatever the model predicts.

#include "sampling/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "sampling/noise_schedule.h"
#include "sampling/samplers/_template.cpp"

namespace limner {

/// How often this program has called operator new; allocation_count_test.cpp counts.
int allocation_count();

namespace {

constexpr size_t kSize = 2 * 3 * 4;

TrainingSchedule training_predicting(const char* prediction, bool ends_at_one = true) {
  const Json config = {{"_class_name", "EulerDiscreteScheduler"},
                       {"beta_start", 0.00085},
                       {"beta_end", 0.012},
                       {"beta_schedule", "scaled_linear"},
                       {"steps_offset", 1},
                       {"timestep_spacing", "leading"},
                       {"prediction_type", prediction},
                       {"set_alpha_to_one", ends_at_one}};
  return read_training_schedule(config, "scheduler_config.json").value();
}

std::unique_ptr<NoiseStream> noise_of(uint64_t seed) { return noise_kinds().front()->make(seed); }

void predict(const Ask& ask, std::span<float> prediction) {
  for (size_t i = 0; i < prediction.size(); ++i)
    prediction[i] = 0.3f * ask.input[i] + ask.timestep / 2000 / (1 + ask.input[i] * ask.input[i]);
}

struct Drawing {
  std::unique_ptr<Sampler> sampler;
  std::unique_ptr<NoiseStream> noise;
  std::vector<float> prediction = std::vector<float>(kSize);

  bool step() {
    const std::optional<Ask> ask = sampler->ask();
    if (!ask) return false;
    predict(*ask, prediction);
    sampler->tell(prediction, *noise);
    return true;
  }
  std::vector<float> finish() {
    while (step()) {
    }
    return {sampler->latent().begin(), sampler->latent().end()};
  }
};

// Calls `check(request, info, drawing)` with a started drawing of every sampler there is, on every schedule
// and prediction it supports.
template <class Check>
void for_every_drawing(const Check& check, int steps = 6, int skip = 0) {
  std::vector<const SamplerInfo*> infos(samplers().begin(), samplers().end());
  infos.push_back(&kTemplate);
  for (const auto& [prediction, ends_at_one] : std::initializer_list<std::pair<const char*, bool>>{
           {"epsilon", true}, {"epsilon", false}, {"v_prediction", true}, {"sample", true}}) {
    const TrainingSchedule training = training_predicting(prediction, ends_at_one);
    for (const NoiseSchedule* schedule : noise_schedules()) {
      for (const SamplerInfo* info : infos) {
        SCOPED_TRACE(testing::Message() << info->name << " on " << schedule->name << " with " << prediction);
        const SamplerRequest request = {.training = &training,
                                        .schedule = std::string(schedule->name),
                                        .steps = steps,
                                        .skip = skip,
                                        .eta = -1,
                                        .latent_size = kSize,
                                        .channels = 2,
                                        .height = 3,
                                        .width = 4,
                                        .seed = 5};
        Result<std::unique_ptr<Sampler>> made = info->make(request);
        if (!made) {
          EXPECT_EQ(made.error().code, Code::unsupported) << made.error().text();
          continue;
        }
        Drawing drawing = {std::move(*made), noise_of(request.seed)};
        std::vector<float> noise(kSize);
        drawing.noise->normal(noise);
        start(*drawing.sampler, request, {}, noise);
        check(request, *info, drawing);
      }
    }
  }
}

TEST(Samplers, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const SamplerInfo* info : samplers()) {
    EXPECT_TRUE(names.emplace(info->name).second) << info->name;
    EXPECT_EQ(find_sampler(info->name).value(), info);
    EXPECT_EQ(find_sampler(info->title).value(), info) << info->title;
    for (const std::string_view alias : info->aliases) EXPECT_EQ(find_sampler(alias).value(), info) << alias;
    EXPECT_FALSE(info->doc.empty());
  }
}

TEST(Samplers, AreFoundInAnyCaseAndListedIfNot) {
  EXPECT_EQ(find_sampler("EULER A").value()->name, "euler_ancestral");
  const Error error = find_sampler("eular").error();
  EXPECT_EQ(error.code, Code::invalid);
  EXPECT_EQ(error.field, "sampler");
  EXPECT_NE(error.message.find("euler_ancestral"), std::string::npos);
}

TEST(Samplers, AskTwiceTheSame) {
  for_every_drawing([](const SamplerRequest&, const SamplerInfo&, Drawing& drawing) {
    do {
      const std::optional<Ask> first = drawing.sampler->ask();
      if (!first) break;
      const std::vector<float> seen(first->input.begin(), first->input.end());
      const std::optional<Ask> second = drawing.sampler->ask();
      EXPECT_EQ(first->timestep, second->timestep);
      EXPECT_EQ(seen, std::vector<float>(second->input.begin(), second->input.end()));
    } while (drawing.step());
  });
}

TEST(Samplers, CountTheirAsksAndDrawSomething) {
  for_every_drawing([](const SamplerRequest&, const SamplerInfo&, Drawing& drawing) {
    Sampler& sampler = *drawing.sampler;
    EXPECT_TRUE(sampler.denoised().empty());
    EXPECT_GE(sampler.asks_total(), 6);
    int asks = 0;
    for (; drawing.step(); ++asks) {
      EXPECT_EQ(sampler.asks_done(), asks + 1);
      EXPECT_EQ(sampler.denoised().size(), kSize);
    }
    EXPECT_EQ(asks, sampler.asks_total());
    for (const float value : sampler.latent()) EXPECT_TRUE(std::isfinite(value));
  });
}

TEST(Samplers, NoiseACleanLatentForTheNextAskAndNotForTheEnd) {
  const std::vector<float> clean(kSize, 0.5f), none(kSize, 0.0f), noise(kSize, 1.0f);
  for_every_drawing([&](const SamplerRequest&, const SamplerInfo&, Drawing& drawing) {
    std::vector<float> out(kSize);
    float last = INFINITY;
    do {
      drawing.sampler->noised(none, noise, out);
      EXPECT_LE(out[0], last * 1.0001f);
      last = out[0];
    } while (drawing.step());
    drawing.sampler->noised(clean, noise, out);
    EXPECT_EQ(out, clean);
  });
}

TEST(Samplers, GoOnFromASavedStateWithTheSameBytes) {
  for_every_drawing([](const SamplerRequest& request, const SamplerInfo& info, Drawing& drawing) {
    std::vector<Drawing> resumed;
    do {
      Drawing copy = {info.make(request).value(), drawing.noise->clone()};
      ASSERT_TRUE(copy.sampler->restore(drawing.sampler->save()).has_value());
      EXPECT_EQ(copy.sampler->asks_done(), drawing.sampler->asks_done());
      resumed.push_back(std::move(copy));
    } while (drawing.step());
    const std::vector<float> expected = drawing.finish();
    for (Drawing& copy : resumed) EXPECT_EQ(copy.finish(), expected);
  });
}

TEST(Samplers, RefuseAStateThatIsNotTheirs) {
  for_every_drawing([](const SamplerRequest&, const SamplerInfo&, Drawing& drawing) {
    const std::vector<float> good = drawing.sampler->save();
    EXPECT_FALSE(drawing.sampler->restore(std::span(good).first(good.size() - 1)).has_value());
    EXPECT_FALSE(drawing.sampler->restore({}).has_value());
    for (const float step : {-1.0f, 0.5f, 1e9f, NAN, INFINITY}) {
      std::vector<float> bad = good;
      bad[0] = step;
      EXPECT_FALSE(drawing.sampler->restore(bad).has_value()) << step;
    }
    EXPECT_TRUE(drawing.sampler->restore(good).has_value());
  });
}

TEST(Samplers, AllocateNothingWhileDrawing) {
  for_every_drawing([](const SamplerRequest&, const SamplerInfo&, Drawing& drawing) {
    const int before = allocation_count();
    while (drawing.step()) {
    }
    EXPECT_EQ(allocation_count() - before, 0);
  });
}

TEST(Samplers, LeaveOutWhatImageToImageSkips) {
  for_every_drawing(
      [](const SamplerRequest& request, const SamplerInfo& info, Drawing& drawing) {
        SamplerRequest whole = request;
        whole.skip = 0;
        const auto full = info.make(whole).value();
        EXPECT_LT(drawing.sampler->asks_total(), full->asks_total());
        EXPECT_LT(drawing.sampler->ask()->timestep, full->ask()->timestep);
        const std::vector<float> clean(kSize, 0.25f), noise(kSize, 1.0f);
        start(*drawing.sampler, request, clean, noise);
        for (const float value : drawing.finish()) EXPECT_TRUE(std::isfinite(value));
      },
      8, 3);
}

TEST(Samplers, RefuseRequestsThatLeaveNothingToDraw) {
  const TrainingSchedule training = training_predicting("epsilon");
  for (const SamplerInfo* info : samplers()) {
    SamplerRequest request = {.training = &training, .steps = 4, .latent_size = kSize};
    const auto refused = [&](const char* field) {
      const auto made = info->make(request);
      ASSERT_FALSE(made.has_value()) << info->name << " " << field;
      EXPECT_EQ(made.error().field, field) << info->name;
    };
    request.steps = 0;
    refused("steps");
    request.steps = 1001;
    refused("steps");
    request = {.training = &training, .steps = 4, .skip = 4, .latent_size = kSize};
    refused("strength");
    request.skip = -1;
    refused("strength");
    request = {.training = &training, .schedule = "carrot", .steps = 4, .latent_size = kSize};
    refused("schedule");
    request = {.training = &training, .steps = 4, .latent_size = 0};
    refused("size");
  }
}

}  // namespace
}  // namespace limner
