// What makes drawings cheaper: parts of the network now and then, an autoencoder in tiles, texts encoded
// once.

#include <gtest/gtest.h>

#include <cmath>

#include "engine/conditioning_cache.h"
#include "engine/drawing.h"
#include "engine/unet_batch.h"

namespace limner {
namespace {

class Savings : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    Result<ModelPtr> loaded = load(LIMNER_SOURCE_DIR "/models/limner-tiny", {.dtype = "f32", .threads = 2});
    ASSERT_TRUE(loaded) << loaded.error().text();
    model_ = loaded->release();
  }
  static void TearDownTestSuite() { ModelDeleter()(model_); }

  static DrawingParams brief(uint64_t seed, int every, int steps = 8, const char* sampler = "ddim") {
    DrawingParams params;
    params.prompt = "a red apple";
    params.seed = seed;
    params.steps = steps;
    params.sampler = sampler;
    params.step_cache = every;
    return params;
  }

  static DrawingPtr opened(const DrawingParams& params) {
    Result<DrawingPtr> drawing = open(*model_, params, {});
    EXPECT_TRUE(drawing) << drawing.error().text();
    return std::move(*drawing);
  }

  static std::vector<uint8_t> drawn_alone(const DrawingParams& params) {
    const DrawingPtr drawing = opened(params);
    Drawing* const one[] = {drawing.get()};
    while (!drawn(*drawing)) EXPECT_TRUE(step(one));
    return finish(*drawing)->pixels;
  }

  static Model* model_;
};
Model* Savings::model_ = nullptr;

double decibels_between(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.size()) / sum);
}

TEST_F(Savings, TheOutermostPartSaysWhatTheWholeDoes) {
  const DrawingPtr drawing = opened(brief(1, 2));
  BatchShape shape{.rows = 2, .extent = drawing->extent, .tokens = drawing->rows[0].conditioning->tokens};
  const std::vector<BatchRow> rows = {{drawing.get(), 0, *drawing->sampler->ask()},
                                      {drawing.get(), 1, *drawing->sampler->ask()}};
  std::vector<std::vector<float>> said[3];
  for (const UnetPart part : {UnetPart::whole, UnetPart::whole_and_deep, UnetPart::outermost}) {
    shape.part = part;
    const Result<UnetBatch*> batch = model_->batch(shape);
    ASSERT_TRUE(batch) << batch.error().text();
    (*batch)->run(rows, model_->workspace());
    said[static_cast<size_t>(part)] = drawing->predictions;
  }
  for (size_t row = 0; row < 2; ++row)
    for (size_t i = 0; i < said[0][row].size(); ++i) {
      ASSERT_NEAR(said[1][row][i], said[0][row][i], 1e-5f);
      ASSERT_NEAR(said[2][row][i], said[0][row][i], 1e-5f);
    }
}

TEST_F(Savings, DrawsNearlyTheSame) {
  const std::vector<uint8_t> whole = drawn_alone(brief(3, 1, 20)), cached = drawn_alone(brief(3, 2, 20));
  EXPECT_NE(whole, cached) << "it did something";
  EXPECT_GT(decibels_between(whole, cached), 20);
}

TEST_F(Savings, HasTheSameBytesAloneAndInAnyCompany) {
  std::vector<DrawingParams> briefs = {brief(1, 2), brief(2, 3, 5), brief(3, 1), brief(4, 20, 4, "heun"),
                                       brief(5, 4)};
  briefs[4].guidance_start = 0.4;  // a row that comes when nothing is known of it
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

TEST_F(Savings, GoesOnWithTheSameBytesAfterBeingPutAside) {
  DrawingParams params = brief(6, 3, 5);
  params.hires_scale = 1.5;
  const std::vector<uint8_t> expected = drawn_alone(params);
  DrawingPtr drawing = opened(params);
  while (!drawn(*drawing)) {
    Drawing* const one[] = {drawing.get()};
    ASSERT_TRUE(step(one));
    const std::string state = save(*drawing).value();
    drawing = opened(params);
    const Result<void> resumed = resume(*drawing, state);
    ASSERT_TRUE(resumed) << resumed.error().text();
  }
  EXPECT_EQ(finish(*drawing)->pixels, expected);
}

TEST_F(Savings, SaysWhichEvaluationsAreWhole) {
  const DrawingPtr drawing = opened(brief(1, 3, 7));
  Drawing* const one[] = {drawing.get()};
  std::string whole;
  while (!drawn(*drawing)) {
    whole += next_is_whole(*drawing) ? 'w' : '.';
    ASSERT_TRUE(step(one));
  }
  EXPECT_EQ(whole, "w..w..w");
}

TEST_F(Savings, ATiledAutoencoderDrawsNearlyTheSame) {
  DrawingParams params = brief(1, 1, 1);
  params.width = 640;
  params.height = 576;
  const std::vector<uint8_t> whole = drawn_alone(params);
  params.vae_tiling = "on";
  const std::vector<uint8_t> tiled = drawn_alone(params);
  EXPECT_GT(decibels_between(whole, tiled), 35);
  params.tile = "x";
  EXPECT_EQ(open(*model_, params, {}).error().field, "vae_tiling");
}

TEST_F(Savings, EncodesATextOnce) {
  const size_t before = model_->conditionings().count();
  DrawingParams params = brief(1, 1, 2);
  params.prompt = "a text that no other test draws";
  const std::vector<uint8_t> first = drawn_alone(params);
  EXPECT_EQ(model_->conditionings().count(), before + 1) << "the empty negative prompt is known";
  EXPECT_EQ(drawn_alone(params), first);
  EXPECT_EQ(model_->conditionings().count(), before + 1);
}

}  // namespace
}  // namespace limner
