#include "image/pixels.h"

#include <gtest/gtest.h>

#include <cmath>

namespace limner {
namespace {

TEST(Pixels, EveryByteComesBack) {
  Picture picture{256, 1, 3, std::vector<uint8_t>(768)};
  for (int i = 0; i < 768; ++i) picture.pixels[i] = static_cast<uint8_t>(i / 3);
  const std::vector<float> values = floats_from_picture(picture);
  EXPECT_EQ(values.front(), -1.0f);
  EXPECT_EQ(values.back(), 1.0f);
  EXPECT_EQ(picture_from_floats(values, 256, 1).pixels, picture.pixels);
}

TEST(Pixels, HalvesRoundToEvenAndOutsideIsCut) {
  // 0 is 127.5, which rounds to 128; then what a diverged network may say.
  const std::vector<float> values = {-2.0f, 0.0f, 5.0f, NAN, INFINITY, -INFINITY};
  EXPECT_EQ(picture_from_floats(values, 2, 1).pixels, (std::vector<uint8_t>{0, 128, 255, 0, 255, 0}));
}

TEST(Pixels, AlphaIsLeftOutAndGreyIsSpread) {
  const std::vector<float> rgba = floats_from_picture({1, 1, 4, {255, 0, 255, 77}});
  EXPECT_EQ(rgba, (std::vector<float>{1.0f, -1.0f, 1.0f}));
  const std::vector<float> grey = floats_from_picture({1, 1, 1, {0}});
  EXPECT_EQ(grey, (std::vector<float>{-1.0f, -1.0f, -1.0f}));
}

}  // namespace
}  // namespace limner
