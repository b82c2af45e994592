#include "engine/input_pictures.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

Picture filled(int width, int height, int channels, uint8_t value) {
  return {width, height, channels,
          std::vector<uint8_t>(static_cast<size_t>(width) * height * channels, value)};
}

std::string field_of(GivenPictures given) {
  const Result<DrawingInputs> inputs = prepare_inputs(std::move(given));
  return inputs ? "accepted" : inputs.error().field;
}

TEST(InputPictures, NothingStaysNothing) {
  const Result<DrawingInputs> inputs = prepare_inputs({});
  ASSERT_TRUE(inputs);
  EXPECT_TRUE(inputs->init.empty() && inputs->mask.empty() && inputs->controls.empty());
}

TEST(InputPictures, AMaskBecomesGreyAndMayBeInverted) {
  GivenPictures given{.init = filled(16, 8, 3, 9), .mask = filled(16, 8, 3, 255), .invert_mask = true};
  const Result<DrawingInputs> inputs = prepare_inputs(given);
  ASSERT_TRUE(inputs);
  EXPECT_EQ(inputs->mask.channels, 1);
  EXPECT_EQ(inputs->mask.pixels, std::vector<uint8_t>(16 * 8, 0));
  EXPECT_EQ(inputs->init.pixels, given.init.pixels);
}

TEST(InputPictures, BlurSoftensTheMasksEdge) {
  GivenPictures given{.init = filled(32, 32, 3, 0), .mask = filled(32, 32, 1, 0), .mask_blur = 3};
  for (int x = 0; x < 16; ++x) given.mask.row(10)[x] = 255;
  const Result<DrawingInputs> inputs = prepare_inputs(given);
  ASSERT_TRUE(inputs);
  EXPECT_NE(inputs->mask.pixels, given.mask.pixels);
}

TEST(InputPictures, OutpaintingMakesCanvasAndMask) {
  const Result<DrawingInputs> inputs =
      prepare_inputs({.init = filled(16, 8, 3, 100), .outpaint = "8,0,16,24"});
  ASSERT_TRUE(inputs);
  EXPECT_EQ(inputs->init.width, 40);
  EXPECT_EQ(inputs->init.height, 32);
  EXPECT_EQ(inputs->mask.width, 40);
  EXPECT_EQ(inputs->mask.row(0)[0], 255);
  EXPECT_EQ(inputs->mask.row(0)[8], 0);
}

TEST(InputPictures, RefusesWhatDoesNotGoTogether) {
  const Picture init = filled(16, 16, 3, 1), mask = filled(16, 16, 1, 1);
  EXPECT_EQ(field_of({.invert_mask = true}), "invert_mask");
  EXPECT_EQ(field_of({.init = init, .mask_blur = 2}), "mask_blur");
  EXPECT_EQ(field_of({.init = init, .mask = mask, .mask_blur = -1}), "mask_blur");
  EXPECT_EQ(field_of({.outpaint = "8"}), "outpaint");
  EXPECT_EQ(field_of({.init = init, .mask = mask, .outpaint = "8"}), "outpaint");
  for (const char* text : {",", "8,", "1,2", "1,2,3,4,5", "x", "8 ", "99999999999", "1,2,3,-99", "0"})
    EXPECT_EQ(field_of({.init = init, .outpaint = text}), "outpaint") << text;
  EXPECT_EQ(field_of({.init = init, .outpaint = "2147483647"}), "outpaint");
}

}  // namespace
}  // namespace limner
