// Drawings put away and taken up again: every sampler, every way of drawing, wherever it is interrupted.

#include "engine/limner_tiny_drawings_test.h"

namespace limner {
namespace {

class DrawingState : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = load_tiny().release(); }
  static void TearDownTestSuite() { ModelDeleter()(model_); }
  static Model* model_;
};
Model* DrawingState::model_ = nullptr;

TEST_F(DrawingState, EverySamplerGoesOnWithTheSameBytes) {
  for (const ListedName& sampler : list_samplers())
    for (const Way& way : ways_of_drawing()) {
      SCOPED_TRACE(sampler.name + ", " + way.name);
      DrawingParams params = small_brief(sampler.name);
      way.change(params);
      const DrawingPtr whole = opened(*model_, params, way.inputs);
      // Put away where multistep samplers have a history; of two passes, in the second.
      const int total = progress(*whole).total, done = (2 * total + 2) / 3;
      take_steps(*whole, done);
      const Result<std::string> state = save(*whole);
      ASSERT_TRUE(state);
      const DrawingPtr again = opened(*model_, params, way.inputs);
      const Result<void> resumed = resume(*again, *state);
      ASSERT_TRUE(resumed) << resumed.error().text();
      EXPECT_EQ(progress(*again).done, done);
      EXPECT_EQ(progress(*again).total, total);
      Drawing* const both[] = {whole.get(), again.get()};
      while (!drawn(*whole)) ASSERT_TRUE(step(both));
      EXPECT_EQ(*save(*again), *save(*whole)) << "another latent, or another position in the noise";
    }
}

TEST_F(DrawingState, WhereverItIsPutAwayThePictureIsTheSame) {
  for (const char* sampler : {"dpm2_ancestral", "dpmpp_2m"})
    for (const Way& way : ways_of_drawing()) {
      DrawingParams params = small_brief(sampler, 2);
      way.change(params);
      const DrawingPtr whole = opened(*model_, params, way.inputs);
      std::vector<std::string> states = {*save(*whole)};
      while (!drawn(*whole)) {
        take_steps(*whole, 1);
        states.push_back(*save(*whole));
      }
      const std::vector<uint8_t> expected = finish(*whole)->pixels;
      for (const std::string& state : {states.front(), states[1], states.back()}) {
        const DrawingPtr again = opened(*model_, params, way.inputs);
        ASSERT_TRUE(resume(*again, state));
        EXPECT_EQ(pixels_of_the_rest(*again), expected) << sampler << ", " << way.name;
      }
    }
}

TEST_F(DrawingState, AStateIsTheSameWhoeverSavesIt) {
  const DrawingPtr first = opened(*model_, small_brief("euler_ancestral"));
  take_steps(*first, 2);
  const std::string state = *save(*first);
  const DrawingPtr second = opened(*model_, small_brief("euler_ancestral"));
  ASSERT_TRUE(resume(*second, state));
  EXPECT_EQ(*save(*second), state);
}

TEST_F(DrawingState, AnotherNoiseIsReplayedToo) {
  DrawingParams params = small_brief("ddpm");
  params.noise = "philox";
  const DrawingPtr whole = opened(*model_, params);
  take_steps(*whole, 2);
  const std::string state = *save(*whole);
  const DrawingPtr again = opened(*model_, params);
  ASSERT_TRUE(resume(*again, state));
  EXPECT_EQ(pixels_of_the_rest(*again), pixels_of_the_rest(*whole));
}

TEST_F(DrawingState, OfAnotherDrawingIsRefused) {
  const DrawingInputs over{.init = small_picture()};
  const DrawingPtr drawing = opened(*model_, small_brief("euler"), over);
  take_steps(*drawing, 1);
  const std::string state = *save(*drawing);
  DrawingParams params = small_brief("euler");
  params.seed = 8;
  EXPECT_FALSE(resume(*opened(*model_, params, over), state));
  params = small_brief("euler", 5);
  EXPECT_FALSE(resume(*opened(*model_, params, over), state));
  DrawingInputs changed = over;
  changed.init.pixels[100] ^= 1;
  const Result<void> resumed = resume(*opened(*model_, small_brief("euler"), changed), state);
  ASSERT_FALSE(resumed);
  EXPECT_EQ(resumed.error().code, Code::invalid);
  EXPECT_EQ(resumed.error().field, "state");
}

TEST_F(DrawingState, OfTheFirstPassIsRefusedInTheSecond) {
  DrawingParams params = small_brief("euler");
  params.hires_scale = 1.5;
  const DrawingPtr drawing = opened(*model_, params);
  take_steps(*drawing, 1);
  const std::string state = *save(*drawing);
  take_steps(*drawing, 4);
  EXPECT_FALSE(resume(*drawing, state));
}

TEST_F(DrawingState, DamagedBytesAreRefusedWhereverTheyAreDamaged) {
  const DrawingPtr drawing = opened(*model_, small_brief("euler"));
  take_steps(*drawing, 1);
  const std::string state = *save(*drawing);
  for (size_t size = 0; size < state.size(); size = size * 3 / 2 + 1)
    EXPECT_FALSE(resume(*drawing, std::string_view(state).substr(0, size))) << size;
  for (size_t at = 0; at < state.size(); at = at * 5 / 4 + 1) {
    std::string bad = state;
    bad[at] = static_cast<char>(bad[at] ^ 0x40);
    EXPECT_FALSE(resume(*drawing, bad)) << at;
  }
  EXPECT_FALSE(resume(*drawing, state + "x"));
  EXPECT_TRUE(resume(*drawing, state)) << "nothing was changed by what was refused";
}

}  // namespace
}  // namespace limner
