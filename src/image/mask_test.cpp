#include "image/mask.h"

#include <gtest/gtest.h>

#include <cmath>

namespace limner {
namespace {

using Pixels = std::vector<uint8_t>;

TEST(Mask, GreyIsPillowsLuma) {
  const Picture grey = to_grey({4, 1, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3}});
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, (Pixels{76, 150, 29, 2}));
  EXPECT_EQ(to_grey({1, 1, 4, {255, 0, 0, 0}}).pixels, Pixels{76});
  EXPECT_EQ(to_grey({1, 1, 1, {9}}).pixels, Pixels{9});
}

TEST(Mask, InvertedAndBinarised) {
  Picture mask{4, 1, 1, {0, 127, 128, 255}};
  invert_mask(mask);
  EXPECT_EQ(mask.pixels, (Pixels{255, 128, 127, 0}));
  binarise_mask(mask);
  EXPECT_EQ(mask.pixels, (Pixels{255, 255, 0, 0}));
}

TEST(Mask, BlurIsPillows) {
  const Picture mask{9, 1, 1, {0, 0, 0, 255, 255, 0, 0, 0, 0}};
  EXPECT_EQ(blur(mask, 1)->pixels, (Pixels{1, 15, 74, 164, 164, 74, 15, 1, 0}));
  EXPECT_EQ(blur(mask, 4)->pixels, (Pixels{57, 57, 56, 55, 53, 50, 47, 44, 40}));
  EXPECT_EQ(blur(mask, 0)->pixels, mask.pixels);
  EXPECT_EQ(blur(mask, -1).error().field, "blur");
  EXPECT_EQ(blur(mask, NAN).error().field, "blur");
}

TEST(Outpaint, NewPixelsAreMarked) {
  const Picture picture{2, 1, 1, {5, 6}};
  const OutpaintCanvas filled = *outpaint_canvas(picture, {.left = 1, .bottom = 1}, {{9, 9, 9}});
  EXPECT_EQ(filled.picture.pixels, (Pixels{9, 5, 6, 9, 9, 9}));
  EXPECT_EQ(filled.mask.pixels, (Pixels{255, 0, 0, 255, 255, 255}));
  const OutpaintCanvas repeated = *outpaint_canvas(picture, {.left = 1, .top = 1, .right = 2}, std::nullopt);
  EXPECT_EQ(repeated.picture.pixels, (Pixels{5, 5, 6, 6, 6, 5, 5, 6, 6, 6}));
  EXPECT_EQ(repeated.mask.pixels, (Pixels{255, 255, 255, 255, 255, 255, 0, 0, 255, 255}));
  EXPECT_EQ(outpaint_canvas({1, 1, 4, {1, 2, 3, 4}}, {.right = 1}, {{7, 8, 9}})->picture.pixels,
            (Pixels{1, 2, 3, 4, 7, 8, 9, 255}));
}

TEST(Outpaint, MarginsAreChecked) {
  const Picture picture{2, 1, 1, {5, 6}};
  for (const Margins& margins :
       {Margins{}, Margins{.left = -1, .right = 2}, Margins{.top = 32768}, Margins{.bottom = 2147483647}})
    EXPECT_EQ(outpaint_canvas(picture, margins, std::nullopt).error().field, "outpaint");
}

}  // namespace
}  // namespace limner
