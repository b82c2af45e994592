#include "image/codec.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "image/digital_source.h"
#include "image/file_metadata.h"

namespace limner {
namespace {

constexpr Format kFormats[] = {Format::png, Format::jpeg, Format::webp, Format::avif};

Picture ramp(int width, int height, int channels) {
  Picture picture{width, height, channels, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        picture.pixels.push_back(static_cast<uint8_t>(c == 0   ? x * 255 / width
                                                      : c == 1 ? y * 255 / height
                                                               : 200));
  return picture;
}

double mean_difference(const Picture& a, const Picture& b) {
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

std::vector<std::byte> encoded(const Picture& picture, const EncodeOptions& options) {
  return encode_picture(picture, options).value();
}

TEST(Codec, EveryFormatComesBack) {
  const Picture picture = ramp(40, 30, 3);
  for (const Format format : kFormats) {
    const Result<Picture> back =
        decode_picture(encoded(picture, {.format = format, .quality = 95}), "picture");
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(back->width, 40);
    EXPECT_EQ(back->height, 30);
    EXPECT_EQ(back->channels, 3);
    EXPECT_LT(mean_difference(picture, *back), 3.0) << format_name(format);
  }
  EXPECT_EQ(decode_picture(encoded(picture, {}), "")->pixels, picture.pixels);
  EXPECT_EQ(decode_picture(encoded(ramp(4, 4, 4), {}), "")->pixels, ramp(4, 4, 4).pixels);
}

TEST(Codec, AMaskIsWrittenGreyAndReadAsColour) {
  const Picture back = decode_picture(encoded(ramp(8, 8, 1), {}), "mask").value();
  EXPECT_EQ(back.channels, 3);
  EXPECT_EQ(back.pixels[3 * 5], 5 * 255 / 8);
}

TEST(Codec, TheSamePictureGivesTheSameBytesOnAnyThread) {
  const Picture picture = ramp(64, 64, 3);
  for (const Format format : kFormats) {
    const EncodeOptions options{.format = format, .infotext = "a fox", .limner_json = "{}"};
    const std::vector<std::byte> first = encoded(picture, options);
    std::vector<std::byte> second;
    std::thread([&] { second = encoded(picture, options); }).join();
    EXPECT_EQ(first, second) << format_name(format);
  }
}

TEST(Codec, LimitsAreCheckedBeforePixels) {
  for (const Format format : kFormats) {
    const std::vector<std::byte> file = encoded(ramp(40, 30, 3), {.format = format});
    EXPECT_EQ(decode_picture(file, "init", {.pixels_max = 1199}).error().code, Code::too_large);
    EXPECT_TRUE(decode_picture(file, "init", {.pixels_max = 1200}));
    EXPECT_EQ(decode_picture(file, "init", {.file_bytes_max = file.size() - 1}).error().code,
              Code::too_large);
  }
}

TEST(Codec, ACutFileIsAnErrorAndNeverACrash) {
  for (const Format format : kFormats) {
    const std::vector<std::byte> file = encoded(ramp(40, 30, 3), {.format = format, .infotext = "a fox"});
    for (size_t size = 0; size < file.size() * 9 / 10; size += 7) {
      const Result<Picture> cut = decode_picture(std::span(file).first(size), "init");
      ASSERT_FALSE(cut) << format_name(format) << " of " << size << " bytes";
      EXPECT_EQ(cut.error().field, "init");
    }
  }
}

TEST(Codec, APngChunkThatClaimsMoreThanTheFileHasIsRefusedBeforeItIsAllocated) {
  std::vector<std::byte> file = encoded(ramp(8, 8, 3), {});
  constexpr size_t kHeaderEnd = 33;  // the signature and IHDR
  const std::array<std::byte, 8> claim = {
      std::byte{0x40}, {}, {}, {}, std::byte{'t'}, std::byte{'E'}, std::byte{'X'}, std::byte{'t'}};
  file.insert(file.begin() + kHeaderEnd, claim.begin(), claim.end());
  const Result<Picture> picture = decode_picture(file, "init");
  ASSERT_FALSE(picture);
  EXPECT_EQ(picture.error().field, "init");
  EXPECT_NE(picture.error().message.find("past the end"), std::string::npos);
}

TEST(Codec, TextsComeBackFromEveryFormat) {
  const std::string infotext = "a \xF0\x9F\xA6\x8A & <b>\nSteps: 20, Seed: 1, Size: 8x8";
  const std::string limner_json = "{\"prompt\":\"\xE7\x8B\x90 & <b>\\n\"}";
  for (const Format format : kFormats) {
    for (const Picture& picture : {ramp(33, 21, 3), ramp(33, 21, format == Format::jpeg ? 1 : 4)}) {
      const EncodeOptions options{.format = format,
                                  .infotext = infotext,
                                  .limner_json = limner_json,
                                  .digital_source_type = std::string(kTrainedAlgorithmicMedia)};
      const std::vector<std::byte> file = encoded(picture, options);
      const Result<FileMetadata> texts = read_file_metadata(file, "file");
      ASSERT_TRUE(texts) << texts.error().text();
      EXPECT_EQ(texts->infotext, infotext) << format_name(format);
      EXPECT_EQ(texts->limner_json, limner_json) << format_name(format);
      EXPECT_EQ(texts->digital_source_type, kTrainedAlgorithmicMedia) << format_name(format);
      EXPECT_TRUE(decode_picture(file, "file")) << format_name(format);
    }
  }
}

TEST(Codec, WhatAFileCannotHoldIsNamed) {
  const auto error = [](const Picture& picture, const EncodeOptions& options) {
    return encode_picture(picture, options).error();
  };
  EXPECT_EQ(error(ramp(4, 4, 3), {.quality = 0}).field, "quality");
  EXPECT_EQ(error(ramp(4, 4, 4), {.format = Format::jpeg}).field, "format");
  EXPECT_EQ(error(ramp(4, 4, 3), {.infotext = "\xFF"}).field, "infotext");
  EXPECT_EQ(error(ramp(4, 4, 3), {.infotext = std::string(1, '\0')}).field, "infotext");
  EXPECT_EQ(error(ramp(4, 4, 3), {.limner_json = "{"}).field, "limner_json");
  EXPECT_EQ(error(ramp(4, 4, 3), {.format = Format::jpeg, .infotext = std::string(40000, 'x')}).code,
            Code::too_large);
}

TEST(Codec, AMissingFileNamesTheOption) {
  const Error error = read_picture("no/such/file.png", "--init").error();
  EXPECT_EQ(error.code, Code::not_found);
  EXPECT_EQ(error.field, "--init");
}

}  // namespace
}  // namespace limner
