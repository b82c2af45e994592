// That the bytes are Pillow's is shown by tests/parity/test_pictures.py over many sizes; a few of its rows
// stand here.

#include "image/resize.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

Picture row(std::vector<uint8_t> pixels, int channels = 1) {
  return {static_cast<int>(pixels.size()) / channels, 1, channels, std::move(pixels)};
}

const std::vector<uint8_t> kSource = {0, 255, 10, 200, 30, 90, 250};

struct Case {
  ResizeFilter filter;
  std::vector<uint8_t> to_three, to_ten;
};

TEST(Resize, GivesPillowsBytes) {
  const Case cases[] = {
      {ResizeFilter::nearest, {255, 200, 90}, {0, 255, 255, 10, 200, 200, 30, 90, 90, 250}},
      {ResizeFilter::box, {128, 80, 170}, {0, 255, 255, 10, 200, 200, 30, 90, 90, 250}},
      {ResizeFilter::bilinear, {111, 112, 134}, {0, 140, 194, 22, 134, 141, 33, 75, 162, 250}},
      {ResizeFilter::bicubic, {113, 103, 140}, {0, 152, 219, 13, 143, 158, 28, 63, 169, 255}},
      {ResizeFilter::lanczos, {115, 101, 140}, {0, 160, 224, 14, 136, 172, 23, 43, 179, 255}},
  };
  for (const Case& expected : cases) {
    EXPECT_EQ(resize(row(kSource), 3, 1, expected.filter)->pixels, expected.to_three);
    EXPECT_EQ(resize(row(kSource), 10, 1, expected.filter)->pixels, expected.to_ten);
  }
}

TEST(Resize, TransparentPixelsLendNoColour) {
  const Picture half = resize(row({200, 0, 0, 255, 9, 9, 9, 0}, 4), 1, 1, ResizeFilter::box).value();
  EXPECT_EQ(half.pixels, (std::vector<uint8_t>{199, 0, 0, 128}));
}

TEST(Resize, AConstantPictureStaysConstant) {
  const Picture flat{9, 5, 3, std::vector<uint8_t>(9 * 5 * 3, 77)};
  for (const auto filter : {ResizeFilter::nearest, ResizeFilter::box, ResizeFilter::bilinear,
                            ResizeFilter::bicubic, ResizeFilter::lanczos})
    for (const auto& [width, height] : {std::pair{1, 1}, {4, 17}, {40, 2}, {9, 5}})
      EXPECT_EQ(resize(flat, width, height, filter)->pixels, std::vector<uint8_t>(width * height * 3, 77));
}

TEST(Resize, SizesAndNamesAreChecked) {
  const Picture picture = row({1, 2});
  EXPECT_EQ(resize(picture, 0, 1, ResizeFilter::box).error().field, "size");
  EXPECT_EQ(resize(picture, 1, 32769, ResizeFilter::box).error().field, "size");
  EXPECT_EQ(*resize_filter_from_name("lanczos", "filter"), ResizeFilter::lanczos);
  EXPECT_EQ(resize_filter_from_name("sinc", "filter").error().field, "filter");
}

}  // namespace
}  // namespace limner
