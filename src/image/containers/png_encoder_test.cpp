#include "image/containers/png_encoder.h"

#include <gtest/gtest.h>

#include <string_view>

#include "image/codec.h"

namespace limner {
namespace {

using namespace std::string_view_literals;

Picture noise(int width, int height, int channels) {
  Picture picture{width, height, channels, {}};
  uint32_t state = 1;
  for (size_t i = 0; i < static_cast<size_t>(width) * height * channels; ++i) {
    state = state * 1664525u + 1013904223u;
    picture.pixels.push_back(static_cast<uint8_t>(state >> 24));
  }
  return picture;
}

// Signature, IHDR and IEND with the CRCs that every PNG of this size has.
TEST(PngEncoder, WritesTheFrameOfTheStandard) {
  const Bytes file = encode_png({1, 1, 3, {1, 2, 3}}).value();
  const std::string_view text = as_text(file);
  EXPECT_TRUE(text.starts_with(
      "\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90\x77\x53\xDE"sv));
  EXPECT_EQ(text.substr(37, 4), "IDAT");
  EXPECT_TRUE(text.ends_with("\0\0\0\0IEND\xAE\x42\x60\x82"sv));
}

TEST(PngEncoder, IsReadBackPixelForPixel) {
  for (const int channels : {3, 4})
    for (const auto& [width, height] :
         {std::pair(1, 1), std::pair(1, 70), std::pair(301, 2), std::pair(640, 480)}) {
      const Picture picture = noise(width, height, channels);
      const Result<Picture> back = decode_picture(encode_png(picture).value(), "picture");
      ASSERT_TRUE(back) << back.error().text();
      EXPECT_EQ(back->width, width);
      EXPECT_EQ(back->channels, channels);
      EXPECT_EQ(back->pixels, picture.pixels) << width << 'x' << height;
    }
}

TEST(PngEncoder, GreyIsOneByteAPixel) {
  const Picture grey = noise(50, 40, 1);
  const Bytes file = encode_png(grey).value();
  EXPECT_LT(file.size(), 2200u);
  const Picture back = decode_picture(file, "mask").value();
  ASSERT_EQ(back.channels, 3);
  for (size_t i = 0; i < grey.pixels.size(); ++i) ASSERT_EQ(back.pixels[3 * i], grey.pixels[i]);
}

}  // namespace
}  // namespace limner
