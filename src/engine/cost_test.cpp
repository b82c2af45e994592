// What is predicted of a drawing is what is found when it is drawn.

#include "engine/cost.h"

#include <algorithm>

#include "engine/drawing.h"
#include "engine/limner_tiny_drawings_test.h"
#include "engine/model_card.h"

namespace limner {
namespace {

class Cost : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    model_ = load_tiny().release();
    Result<ModelCard> card = describe(kTinyPath, {.dtype = "f32", .threads = 1});
    ASSERT_TRUE(card) << card.error().text();
    card_ = new ModelCard(std::move(*card));
  }
  static void TearDownTestSuite() {
    ModelDeleter()(model_);
    delete card_;
  }

  // Draws to the end and compares with what was said before.
  static DrawingPtr expect_as_predicted(const DrawingParams& params, const DrawingInputs& inputs = {}) {
    InputSizes sizes;
    sizes.init_width = inputs.init.width;
    sizes.init_height = inputs.init.height;
    sizes.mask = !inputs.mask.empty();
    const Result<DrawingCost> cost = predict_cost(*card_, params, sizes);
    EXPECT_TRUE(cost) << cost.error().text();
    DrawingPtr drawing = opened(*model_, params, inputs);
    int rows = 0, evaluations = 0;
    for (; !drawn(*drawing); ++evaluations) {
      rows = std::max(rows, next_rows(*drawing));
      EXPECT_EQ(progress(*drawing).total, cost->evaluations);
      take_steps(*drawing, 1);
    }
    EXPECT_EQ(next_rows(*drawing), 0);
    EXPECT_EQ(evaluations, cost->evaluations);
    EXPECT_EQ(rows, cost->rows);
    EXPECT_EQ(cost->width, drawing->extent.width * 8);
    EXPECT_EQ(cost->height, drawing->extent.height * 8);
    return drawing;
  }

  static Model* model_;
  static ModelCard* card_;
};
Model* Cost::model_ = nullptr;
ModelCard* Cost::card_ = nullptr;

// Words that take turns are two texts, however many steps there are; words that come one after another are
// as many as there are of them.
TEST_F(Cost, CountsWhatTheTextsAreEncodedTo) {
  const auto bytes = [](const std::string& prompt) {
    DrawingParams params = small_brief("euler", 50);
    params.prompt_syntax = "a1111";
    params.prompt = prompt;
    return predict_cost(*card_, params, {}).value().memory_bytes;
  };
  const size_t text = 32 * 192 * sizeof(float);
  EXPECT_EQ(bytes("[apple|pear]"), bytes("apple") + text);
  std::string all = "a";
  for (int step = 1; step <= 20; ++step) all += " [a:b:" + std::to_string(step) + "]";
  EXPECT_EQ(bytes(all), bytes("apple") + 20 * text);
}

TEST_F(Cost, IsWhatEverySamplerTakes) {
  for (const ListedName& sampler : list_samplers())
    for (const Way& way : ways_of_drawing()) {
      SCOPED_TRACE(sampler.name + ", " + way.name);
      DrawingParams params = small_brief(sampler.name, 2);
      way.change(params);
      expect_as_predicted(params, way.inputs);
    }
}

TEST_F(Cost, FollowsStrengthAndTheLengthOfTheSecondPass) {
  for (const double strength : {0.25, 0.5, 0.99, 1.0}) {
    DrawingParams params = small_brief("heun", 4);
    params.strength = strength;
    expect_as_predicted(params, {.init = small_picture()});
    params = small_brief("dpmpp_2m", 4);
    params.hires_scale = 1.25;
    params.hires_strength = strength;
    params.hires_steps = 5;
    expect_as_predicted(params);
  }
}

TEST_F(Cost, CountsTheRowsOfJoinedPromptsAndOfGuidanceForAWhile) {
  DrawingParams params = small_brief("euler", 3);
  params.prompt_syntax = "a1111";
  params.prompt = "an apple AND a pear :0.5 AND a table";
  expect_as_predicted(params);
  params = small_brief("euler", 4);
  params.guidance_start = 0.3;
  params.guidance_end = 0.6;
  expect_as_predicted(params);
  params.guidance_start = params.guidance_end = 0.5;
  EXPECT_EQ(predict_cost(*card_, params, {})->rows, 1) << "an interval without an evaluation";
  expect_as_predicted(params);
  params = small_brief("euler", 2);
  params.guidance = 1;
  expect_as_predicted(params);
}

TEST_F(Cost, NamesTheSizeOfThePicture) {
  DrawingParams params = small_brief("euler", 2);
  params.height = 80;
  params.hires_scale = 1.3;
  const Result<Picture> picture = finish(*expect_as_predicted(params));
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->width, predict_cost(*card_, params, {})->width);
  EXPECT_EQ(picture->height, predict_cost(*card_, params, {})->height);
}

TEST_F(Cost, OfALongPromptIsMoreMemory) {
  DrawingParams params = small_brief("euler");
  const size_t plain = predict_cost(*card_, params, {})->memory_bytes;
  params.long_prompt = "chunk";
  for (int i = 0; i < 2000; ++i) params.prompt += " apple";
  EXPECT_GT(predict_cost(*card_, params, {})->memory_bytes, plain);
}

TEST_F(Cost, NamesTheMemoryThatDrawingTakes) {
  const ModelPtr fresh = load_tiny();
  for (const int side : {64, 128}) {
    DrawingParams params = small_brief("euler", 1);
    params.width = params.height = side;
    const size_t predicted = predict_cost(*card_, params, {})->memory_bytes;
    pixels_of_the_rest(*opened(*fresh, params));
    EXPECT_LE(fresh->workspace().bytes(), predicted) << side;
    EXPECT_GT(fresh->workspace().bytes(), predicted / 2) << side;
  }
}

// Guidance has two rows each; a step has eight at most, and the fifth picture only what it keeps for itself.
// The autoencoder, of which only the plan is asked for, is made small, so that it is the network that counts.
TEST_F(Cost, OfPicturesDrawnAtOnceIsThatOfTheirBatch) {
  DrawingParams params = small_brief("euler", 1);
  params.width = params.height = 256;
  const std::filesystem::path folder = tiny_with("vae", "decoder_block_out_channels", {4, 4, 4, 4});
  const Result<ModelCard> card = describe(folder, {.dtype = "f32", .threads = 1});
  ASSERT_TRUE(card) << card.error().text();
  const auto bytes = [&](int pictures) { return predict_cost(*card, params, {}, pictures)->memory_bytes; };
  const size_t own = bytes(9) - bytes(8);
  EXPECT_GT(bytes(4) - bytes(1), 6 * own) << "scratch memory for the rows of four";
  EXPECT_EQ(bytes(5) - bytes(4), own);
  const ModelPtr fresh = load(folder, {.dtype = "f32", .threads = 1}).value();
  std::vector<DrawingPtr> drawings;
  std::vector<Drawing*> all;
  for (int i = 0; i < 4; ++i) {
    drawings.push_back(opened(*fresh, params));
    all.push_back(drawings.back().get());
  }
  ASSERT_TRUE(step(all));
  EXPECT_LE(fresh->workspace().bytes(), bytes(4));
  EXPECT_GT(fresh->workspace().bytes(), bytes(4) / 2);
  EXPECT_GT(fresh->workspace().bytes(), bytes(1)) << "what was planned for one would not do";
}

TEST_F(Cost, OfASmallPictureIsThatOfItsText) {
  const ModelPtr fresh = load_tiny();
  DrawingParams params = small_brief("euler", 1);
  params.width = params.height = 8 * static_cast<int>(fresh->unet().extent_min());
  const size_t planned = predict_cost(*card_, params, {})->memory_bytes;
  TextEncoder& encoder = fresh->text_encoders().front();
  const size_t text = fresh->backend().plan_bytes(
      describe_clip_text(encoder.config, encoder_shape(encoder, 1)), fresh->precision());
  EXPECT_GE(planned, text);
  const DrawingPtr drawing = opened(*fresh, params);
  EXPECT_LE(fresh->workspace().bytes(), planned);
}

TEST_F(Cost, CountsTheWeightsOfEveryPartThatIsNotInMemoryYet) {
  const ModelPtr fresh = load_tiny();
  const DrawingParams params = small_brief("euler", 1);
  const size_t to_draw = unet_weight_bytes(*fresh) + autoencoder_weight_bytes(*fresh, false) +
                         text_weight_bytes(*fresh, fresh->text_encoders().front());
  EXPECT_EQ(weights_to_come(*fresh, params, {}), to_draw);
  const size_t encoder = autoencoder_weight_bytes(*fresh, true) - autoencoder_weight_bytes(*fresh, false);
  EXPECT_EQ(weights_to_come(*fresh, params, {.init_width = 64, .init_height = 64}), to_draw + encoder);
  pixels_of_the_rest(*opened(*fresh, params));
  EXPECT_LT(weights_to_come(*fresh, params, {}), to_draw / 100);
}

TEST_F(Cost, RefusesWhatOpeningRefuses) {
  const auto field = [](const DrawingParams& params, const InputSizes& sizes = {}) {
    const Result<DrawingCost> cost = predict_cost(*card_, params, sizes);
    return cost ? std::string("accepted") : cost.error().field;
  };
  DrawingParams params = small_brief("euler");
  params.width = 100;
  EXPECT_EQ(field(params), "width");
  EXPECT_EQ(field(small_brief("no such sampler")), "sampler");
  params = small_brief("euler");
  params.strength = 0.5;
  EXPECT_EQ(field(params), "strength");
  params = small_brief("euler");
  params.prompt_syntax = "a1111";
  params.prompt = "a AND b";
  params.guidance = 1;
  EXPECT_EQ(field(params), "prompt");
  params = small_brief("euler");
  params.clip_skip = 12;
  EXPECT_EQ(field(params), "clip_skip");
  params = small_brief("euler");
  params.hires_scale = 2;
  params.hires_upscaler = "no such upscaler";
  EXPECT_EQ(field(params), "hires_upscaler");
  EXPECT_EQ(field(small_brief("euler"), {.mask = true}), "mask");
  EXPECT_EQ(field(small_brief("euler"), {.controls = 1}), "control_image");
}

TEST_F(Cost, ACardSaysWhatTheLoadedModelSays) {
  const ModelInfo info = model_info(*model_);
  EXPECT_EQ(card_->info.name, info.name);
  EXPECT_EQ(card_->info.family, info.family);
  EXPECT_EQ(card_->info.dtype, info.dtype);
  EXPECT_EQ(card_->info.backend, info.backend);
  EXPECT_EQ(card_->info.width, info.width);
  EXPECT_EQ(card_->info.steps, info.steps);
  EXPECT_EQ(card_->info.sampler, info.sampler);
  EXPECT_EQ(weight_bytes(*card_->unpacked), 0u) << "no weight was packed for it";
  pixels_of_the_rest(*opened(*model_, small_brief("euler", 2), {.init = small_picture()}));
  const auto packed = static_cast<double>(weight_bytes(*model_));
  EXPECT_NEAR(static_cast<double>(card_->weight_bytes), packed, 0.1 * packed);
}

}  // namespace
}  // namespace limner
