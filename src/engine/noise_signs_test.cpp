// Pictures whose first noise has signs of its own: seeds stay what they are, and everything else too.

#include "engine/noise_signs.h"

#include <random>

#include "engine/limner_tiny_drawings_test.h"

namespace limner {
namespace {

/// Coin tosses of a number and the seed.
class PatternSigns final : public NoiseSigns {
 public:
  explicit PatternSigns(uint64_t pattern) : pattern_(pattern) {}
  std::vector<uint64_t> signs(uint64_t seed, size_t count) const override {
    std::mt19937_64 tosses(pattern_ ^ seed);
    std::vector<uint64_t> signs((count + 63) / 64);
    for (uint64_t& word : signs) word = tosses();
    return signs;
  }
  size_t values_min() const override { return 128; }
  Json json() const override { return {{"pattern", pattern_}}; }

 private:
  uint64_t pattern_;
};

const PatternSigns kPattern(0x0123456789abcdef);

DrawingPtr opened_with(Model& model, const DrawingParams& params, const NoiseSigns* signs) {
  Result<DrawingPtr> drawing = open(model, params, {}, signs);
  EXPECT_TRUE(drawing) << drawing.error().text();
  return drawing ? std::move(*drawing) : nullptr;
}

class NoiseSignsOfDrawings : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = load_tiny().release(); }
  static void TearDownTestSuite() { ModelDeleter()(model_); }
  static std::vector<uint8_t> pixels(const DrawingParams& params, const NoiseSigns* signs) {
    const DrawingPtr drawing = opened_with(*model_, params, signs);
    return pixels_of_the_rest(*drawing);
  }
  static Model* model_;
};
Model* NoiseSignsOfDrawings::model_ = nullptr;

TEST_F(NoiseSignsOfDrawings, TheSameSeedAndSignsDrawTheSamePictureAndOthersAnother) {
  const PatternSigns other(0xfedcba9876543210);
  const std::vector<uint8_t> marked = pixels(small_brief("ddim"), &kPattern);
  EXPECT_EQ(pixels(small_brief("ddim"), &kPattern), marked);
  EXPECT_NE(pixels(small_brief("ddim"), &other), marked);
  EXPECT_NE(pixels(small_brief("ddim"), nullptr), marked);
}

TEST_F(NoiseSignsOfDrawings, BatchesOfMarkedAndPlainPicturesAreThoseDrawnAlone) {
  DrawingParams next = small_brief("euler_ancestral");
  next.seed = 8;
  const DrawingPtr a = opened_with(*model_, small_brief("euler_ancestral"), &kPattern);
  const DrawingPtr b = opened_with(*model_, next, &kPattern);
  const DrawingPtr plain = opened_with(*model_, next, nullptr);
  Drawing* const all[] = {a.get(), b.get(), plain.get()};
  while (!drawn(*a)) ASSERT_TRUE(step(all));
  EXPECT_EQ(finish(*a)->pixels, pixels(small_brief("euler_ancestral"), &kPattern));
  EXPECT_EQ(finish(*b)->pixels, pixels(next, &kPattern));
  EXPECT_EQ(finish(*plain)->pixels, pixels(next, nullptr));
}

TEST_F(NoiseSignsOfDrawings, MixingAllTheWayIsTheOtherSeedsOwnPicture) {
  DrawingParams other = small_brief("ddim"), mixed = small_brief("ddim");
  other.seed = 9;
  mixed.variation_seed = 9;
  mixed.variation_strength = 1;
  EXPECT_EQ(pixels(mixed, &kPattern), pixels(other, &kPattern));
  mixed.variation_strength = 0.2;
  EXPECT_NE(pixels(mixed, &kPattern), pixels(small_brief("ddim"), &kPattern));
}

TEST_F(NoiseSignsOfDrawings, TextsSayThemAndSavedStatesKnowThem) {
  const DrawingPtr marked = opened_with(*model_, small_brief("ddim"), &kPattern);
  EXPECT_EQ(parse_json(file_texts(*marked).json, "texts").value()["noise_watermark"], kPattern.json());
  const DrawingPtr plain = opened_with(*model_, small_brief("ddim"), nullptr);
  EXPECT_FALSE(parse_json(file_texts(*plain).json, "texts").value().contains("noise_watermark"));
  take_steps(*marked, 1);
  const Result<void> resumed = resume(*plain, *save(*marked));
  ASSERT_FALSE(resumed);
  const DrawingPtr again = opened_with(*model_, small_brief("ddim"), &kPattern);
  ASSERT_TRUE(resume(*again, *save(*marked)));
  EXPECT_EQ(pixels_of_the_rest(*again), pixels_of_the_rest(*marked));
}

TEST_F(NoiseSignsOfDrawings, WhatDoesNotCarryThemIsRefused) {
  const auto refused = [&](const DrawingParams& params, const DrawingInputs& inputs, const char* saying) {
    const Result<DrawingPtr> drawing = open(*model_, params, inputs, &kPattern);
    ASSERT_FALSE(drawing);
    EXPECT_EQ(drawing.error().code, Code::unsupported);
    EXPECT_EQ(drawing.error().field, "noise_watermark");
    EXPECT_NE(drawing.error().message.find(saying), std::string::npos) << drawing.error().message;
  };
  refused(small_brief("ddim"), {.init = small_picture()}, "another");
  refused(small_brief("ddim"), {.init = small_picture(), .mask = small_mask()}, "another");
  DrawingParams changed = small_brief("ddim");
  changed.hires_scale = 2;
  refused(changed, {}, "second pass");
  changed = small_brief("ddim");
  changed.width = changed.height = 32;
  refused(changed, {}, "32x32");
}

}  // namespace
}  // namespace limner
