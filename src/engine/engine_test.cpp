// The seam, driven as a scheduler would: with the default model, a few steps, f32.

#include "engine/engine.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "engine/model_library.h"
#include "engine/noise_mix.h"

namespace limner {
namespace {

class Seam : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    Result<ModelPtr> loaded = load(LIMNER_SOURCE_DIR "/models/limner-tiny", {.dtype = "f32", .threads = 2});
    ASSERT_TRUE(loaded) << loaded.error().text();
    model_ = loaded->release();
  }
  static void TearDownTestSuite() { ModelDeleter()(model_); }

  static DrawingParams brief(uint64_t seed, const char* sampler = "euler_ancestral") {
    DrawingParams params;
    params.prompt = "a red apple";
    params.seed = seed;
    params.steps = 3;
    params.sampler = sampler;
    return params;
  }

  static DrawingPtr opened(const DrawingParams& params, const DrawingInputs& inputs = {}) {
    Result<DrawingPtr> drawing = open(*model_, params, inputs);
    EXPECT_TRUE(drawing) << drawing.error().text();
    return std::move(*drawing);
  }

  static std::vector<uint8_t> drawn_alone(const DrawingParams& params, const DrawingInputs& inputs = {}) {
    const DrawingPtr drawing = opened(params, inputs);
    Drawing* const one[] = {drawing.get()};
    while (!drawn(*drawing)) EXPECT_TRUE(step(one));
    return finish(*drawing)->pixels;
  }

  static Model* model_;
};
Model* Seam::model_ = nullptr;

TEST_F(Seam, ADrawingHasTheSameBytesAloneAndInAnyCompany) {
  std::vector<DrawingParams> briefs = {brief(1), brief(2, "heun"), brief(3, "dpmpp_2m"), brief(4),
                                       brief(5, "ddim")};
  briefs[3].guidance = 1.0;
  briefs[4].steps = 5;
  std::vector<DrawingPtr> drawings;
  for (const DrawingParams& params : briefs) drawings.push_back(opened(params));
  std::vector<Drawing*> unfinished;
  for (const DrawingPtr& drawing : drawings) unfinished.push_back(drawing.get());
  while (!unfinished.empty()) {
    ASSERT_TRUE(step(unfinished));
    std::erase_if(unfinished, [](Drawing* drawing) { return drawn(*drawing); });
  }
  for (size_t i = 0; i < briefs.size(); ++i)
    EXPECT_EQ(finish(*drawings[i])->pixels, drawn_alone(briefs[i])) << i;
}

TEST_F(Seam, ADrawingMayBePutAsideBetweenAnyTwoEvaluations) {
  const DrawingPtr first = opened(brief(1)), second = opened(brief(2));
  Drawing* const one[] = {first.get()};
  Drawing* const other[] = {second.get()};
  ASSERT_TRUE(step(one));
  while (!drawn(*second)) ASSERT_TRUE(step(other));
  while (!drawn(*first)) ASSERT_TRUE(step(one));
  EXPECT_EQ(finish(*first)->pixels, drawn_alone(brief(1)));
}

TEST_F(Seam, ProgressCountsEvaluationsOfBothPasses) {
  DrawingParams params = brief(1, "heun");
  params.hires_scale = 1.5;
  params.hires_strength = 0.7;
  const DrawingPtr drawing = opened(params);
  Drawing* const one[] = {drawing.get()};
  int last = 0;
  while (!drawn(*drawing)) {
    ASSERT_TRUE(step(one));
    const Progress now = progress(*drawing);
    EXPECT_GT(now.done, last);
    EXPECT_LE(now.done, now.total);
    last = now.done;
  }
  EXPECT_EQ(progress(*drawing).done, progress(*drawing).total);
  EXPECT_EQ(finish(*drawing)->width, 192);
}

TEST_F(Seam, APreviewIsAPictureOfTheSameSize) {
  const DrawingPtr drawing = opened(brief(1));
  EXPECT_TRUE(preview(*drawing)->empty());
  Drawing* const one[] = {drawing.get()};
  ASSERT_TRUE(step(one));
  EXPECT_EQ(preview(*drawing)->width, 128);
}

TEST_F(Seam, TextsForTheFileSayEverythingAndNoPath) {
  const DrawingPtr drawing = opened(brief(7));
  const FileTexts texts = file_texts(*drawing);
  EXPECT_EQ(texts.json.find(LIMNER_SOURCE_DIR), std::string::npos);
  const Result<Json> json = parse_json(texts.json, "json");
  ASSERT_TRUE(json);
  const Result<DrawingParams> params = params_from_json((*json)["parameters"], "json");
  ASSERT_TRUE(params);
  EXPECT_EQ(params_to_json(*params), params_to_json(used_params(*drawing)));
  EXPECT_EQ((*json)["model"]["sha256"].get<std::string>().size(), 64u);
}

TEST_F(Seam, TextsSayHowFarThePromptPulls) {
  const auto json_of = [](const DrawingParams& params, bool put_aside) {
    DrawingPtr drawing = opened(params);
    for (bool first = true; !drawn(*drawing); first = false) {
      Drawing* const one[] = {drawing.get()};
      EXPECT_TRUE(step(one));
      if (!put_aside || !first) continue;
      const std::string state = save(*drawing).value();
      drawing = opened(params);
      EXPECT_TRUE(resume(*drawing, state));
    }
    return parse_json(file_texts(*drawing).json, "json").value();
  };
  DrawingParams params = brief(7);
  params.guidance = 5;
  const Json gap = json_of(params, false)["guidance_gap"];
  EXPECT_GT(gap.get<double>(), 0);
  EXPECT_EQ(json_of(params, true)["guidance_gap"], gap);
  params.guidance = 9;
  EXPECT_EQ(json_of(params, false)["guidance_gap"], gap) << "whatever the scale";
  params.negative = params.prompt;
  EXPECT_EQ(json_of(params, false)["guidance_gap"], 0.0);
  params.guidance = 1;
  EXPECT_FALSE(json_of(params, false).contains("guidance_gap"));
}

TEST_F(Seam, RefusesWhatTheModelCannotDraw) {
  const auto error_field = [](const DrawingParams& params, const DrawingInputs& inputs = {}) {
    const Result<DrawingPtr> drawing = open(*model_, params, inputs);
    return drawing ? std::string("accepted") : drawing.error().field;
  };
  DrawingParams params = brief(1);
  params.width = 100;
  EXPECT_EQ(error_field(params), "width");
  params = brief(1);
  params.strength = 0.5;
  EXPECT_EQ(error_field(params), "strength");
  params = brief(1, "no such sampler");
  EXPECT_EQ(error_field(params), "sampler");
  params = brief(1);
  params.width = params.height = 16384;
  params.vae_tiling = "off";  // in tiles it may well fit
  EXPECT_EQ(error_field(params), "size");
  DrawingInputs inputs;
  inputs.mask = Picture{8, 8, 1, std::vector<uint8_t>(64)};
  EXPECT_EQ(error_field(brief(1), inputs), "mask");
}

TEST(Slerp, EndsAreTheTwoNoises) {
  const LatentExtent extent{2, 4, 4};
  std::vector<float> a(extent.count()), b(extent.count());
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<float>(i % 7) - 3;
    b[i] = static_cast<float>(i % 5) - 2;
  }
  std::vector<float> mixed = a;
  slerp(mixed, b, extent, 0);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(mixed[i], a[i], 1e-5);
  slerp(mixed, b, extent, 1);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(mixed[i], b[i], 1e-5);
}

TEST(ModelLibrary, NamesWhatThereIsWhenThereIsNone) {
  const Result<std::filesystem::path> found = find_model("no-such-model");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::not_found);
}

}  // namespace
}  // namespace limner
