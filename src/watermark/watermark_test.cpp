#include "watermark/watermark.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "image/codec.h"
#include "image/resize.h"

namespace limner {
namespace {

const WatermarkKey kMarkKey{"a secret of the tests", 1};
constexpr WatermarkId kId{0xa5'1234'5678};

// Something like a photograph: smooth shapes, edges and texture. Whole numbers, so that it is the same
// everywhere.
Picture scene(int width, int height, unsigned seed = 1) {
  Picture picture{width, height, 3, {}};
  picture.pixels.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  std::minstd_rand random(seed);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const int smooth = 90 + (x * 60) / width + (y * 40 * (c + 1)) / (3 * height);
        const int shape =
            (x - width / 3) * (x - width / 3) + (y - height / 2) * (y - height / 2) < height * height / 16
                ? 45
                : 0;
        const int grain = static_cast<int>(random() % 13) - 6;
        picture.row(y)[x * 3 + c] = static_cast<uint8_t>(smooth + shape + grain);
      }
  return picture;
}

Picture cut(const Picture& picture, int left, int top, int width, int height) {
  Picture out{width, height, picture.channels, {}};
  for (int y = 0; y < height; ++y) {
    const uint8_t* from = picture.row(top + y) + left * picture.channels;
    out.pixels.insert(out.pixels.end(), from, from + width * picture.channels);
  }
  return out;
}

Picture recoded(const Picture& picture, Format format, int quality) {
  return decode_picture(encode_picture(picture, {format, quality, "", ""}).value(), "picture").value();
}

Picture marked_scene() { return mark_picture(scene(512, 512), kMarkKey, kId).value().picture; }

void expect_read(const Picture& picture, const char* what) {
  const std::optional<WatermarkReading> reading = read_watermark(picture, kMarkKey);
  ASSERT_TRUE(reading) << what;
  EXPECT_EQ(reading->id, kId) << what;
  EXPECT_EQ(reading->id_bits, kWatermarkIdBits) << what;
  EXPECT_LE(reading->p_value, 1e-8) << what;
}

TEST(Watermark, IsAsCloseAsWasAskedAndReadable) {
  const Picture original = scene(512, 384);
  for (const double psnr : {42.0, 46.0}) {
    const Result<Marked> marked = mark_picture(original, kMarkKey, kId, {.psnr_min = psnr});
    ASSERT_TRUE(marked);
    EXPECT_GE(marked->psnr, psnr);
    EXPECT_LE(marked->psnr, psnr + 0.2);
    EXPECT_TRUE(marked->readable);
    double squares = 0;
    for (size_t i = 0; i < original.pixels.size(); ++i)
      squares += std::pow(original.pixels[i] - marked->picture.pixels[i], 2);
    EXPECT_NEAR(marked->psnr,
                10 * std::log10(255.0 * 255.0 * static_cast<double>(original.pixels.size()) / squares), 1e-6);
  }
}

TEST(Watermark, TheSameArgumentsGiveTheSameBytes) { EXPECT_EQ(marked_scene().pixels, marked_scene().pixels); }

TEST(Watermark, SurvivesCompression) {
  const Picture marked = marked_scene();
  expect_read(recoded(marked, Format::jpeg, 70), "JPEG 70");
  expect_read(recoded(marked, Format::jpeg, 40), "JPEG 40");
  expect_read(recoded(marked, Format::webp, 60), "WebP 60");
}

TEST(Watermark, SurvivesCropsAtAnyPlace) {
  const Picture marked = marked_scene();
  expect_read(cut(marked, 0, 0, 400, 400), "top left");
  expect_read(cut(marked, 101, 77, 390, 410), "somewhere");
}

TEST(Watermark, SurvivesResizing) {
  const Picture marked = marked_scene();
  for (const int side : {300, 410, 640, 900}) {
    const Picture resized = resize(marked, side, side, ResizeFilter::bicubic).value();
    expect_read(resized, std::to_string(side).c_str());
    EXPECT_NEAR(read_watermark(resized, kMarkKey)->scale, side / 512.0, 0.01);
  }
}

TEST(Watermark, SurvivesAChain) {
  const Picture part = cut(marked_scene(), 60, 33, 410, 430);
  expect_read(recoded(resize(part, 338, 354, ResizeFilter::bicubic).value(), Format::jpeg, 75),
              "crop, resize, JPEG");
}

TEST(Watermark, SurvivesMirroringAndQuarterTurns) {
  const Picture marked = marked_scene();
  Picture mirrored = marked, turned = marked;
  for (int y = 0; y < 512; ++y)
    for (int x = 0; x < 512; ++x)
      for (int c = 0; c < 3; ++c) {
        mirrored.row(y)[3 * (511 - x) + c] = marked.row(y)[3 * x + c];
        turned.row(x)[3 * (511 - y) + c] = marked.row(y)[3 * x + c];
      }
  expect_read(mirrored, "mirrored");
  expect_read(turned, "turned");
}

TEST(Watermark, IsNotFoundWhereThereIsNone) {
  EXPECT_FALSE(read_watermark(scene(512, 512), kMarkKey));
  EXPECT_FALSE(read_watermark(scene(160, 160), kMarkKey));
  EXPECT_FALSE(read_watermark(Picture{300, 300, 3, std::vector<uint8_t>(270000, 128)}, kMarkKey));
  EXPECT_FALSE(read_watermark(Picture{}, kMarkKey));
  EXPECT_FALSE(read_watermark(Picture{3, 2, 3, std::vector<uint8_t>(18, 7)}, kMarkKey));
}

TEST(Watermark, IsNotFoundWithAnotherKeyOrLabel) {
  const Picture marked = marked_scene();
  EXPECT_FALSE(read_watermark(marked, {"another secret", 1}));
  EXPECT_FALSE(read_watermark(marked, {kMarkKey.secret, 2}));
}

TEST(Watermark, SmallPicturesCarryTheLowBitsOfTheId) {
  const Result<Marked> marked = mark_picture(scene(160, 160), kMarkKey, kId);
  ASSERT_TRUE(marked);
  EXPECT_EQ(marked->id_bits, kBriefIdBits);
  EXPECT_TRUE(marked->readable);
  const std::optional<WatermarkReading> reading = read_watermark(marked->picture, kMarkKey);
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->id.value, kId.value & 0xfffff);
  EXPECT_EQ(reading->id_bits, kBriefIdBits);
}

TEST(Watermark, KeepsAlphaAndMarksGrey) {
  Picture with_alpha{300, 300, 4, {}}, grey{300, 300, 1, {}};
  const Picture colours = scene(300, 300);
  for (size_t i = 0; i < 90000; ++i) {
    for (size_t c = 0; c < 3; ++c) with_alpha.pixels.push_back(colours.pixels[3 * i + c]);
    with_alpha.pixels.push_back(static_cast<uint8_t>(i));
    grey.pixels.push_back(colours.pixels[3 * i]);
  }
  const Result<Marked> marked = mark_picture(with_alpha, kMarkKey, kId);
  ASSERT_TRUE(marked);
  EXPECT_TRUE(marked->readable);
  for (size_t i = 0; i < 90000; ++i) ASSERT_EQ(marked->picture.pixels[4 * i + 3], static_cast<uint8_t>(i));
  EXPECT_TRUE(mark_picture(grey, kMarkKey, kId).value().readable);
}

TEST(Watermark, PicturesOfOneColourAreMarkedOrSaidToBeUnreadable) {
  for (const uint8_t colour : {0, 128, 255}) {
    const Result<Marked> marked =
        mark_picture({300, 300, 3, std::vector<uint8_t>(270000, colour)}, kMarkKey, kId);
    ASSERT_TRUE(marked);
    EXPECT_GE(marked->psnr, 42);
    EXPECT_EQ(marked->readable, read_watermark(marked->picture, kMarkKey).has_value());
  }
}

TEST(Watermark, RefusesWhatItCannotDo) {
  EXPECT_EQ(mark_picture(scene(63, 200), kMarkKey, kId).error().code, Code::unsupported);
  EXPECT_EQ(mark_picture({}, kMarkKey, kId).error().code, Code::unsupported);
  EXPECT_EQ(mark_picture(scene(128, 128), kMarkKey, {uint64_t{1} << 40}).error().field, "id");
  EXPECT_EQ(mark_picture(scene(128, 128), kMarkKey, kId, {.psnr_min = std::nan("")}).error().field, "psnr");
}

}  // namespace
}  // namespace limner
