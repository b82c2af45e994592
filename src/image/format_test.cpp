#include "image/format.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

Result<Format> sniff(std::string_view bytes) {
  return sniff_format(std::as_bytes(std::span(bytes)), "picture");
}

using namespace std::string_view_literals;

TEST(Format, NamesAndEndings) {
  EXPECT_EQ(*format_from_name("JPG", "format"), Format::jpeg);
  EXPECT_EQ(*format_from_name("avif", "format"), Format::avif);
  EXPECT_EQ(*format_from_extension("out.d/fox.WebP", "-o"), Format::webp);
  EXPECT_EQ(format_from_extension("out.d/fox", "-o").error().code, Code::unsupported);
  EXPECT_EQ(format_from_name("gif", "format").error().text(),
            "format: \"gif\" is not a picture format; png, jpeg, webp and avif are known");
}

TEST(Format, EveryFormatKnowsItself) {
  for (const Format format : {Format::png, Format::jpeg, Format::webp, Format::avif}) {
    EXPECT_EQ(*format_from_name(format_name(format), ""), format);
    EXPECT_EQ(*format_from_extension(format_extension(format), ""), format);
    EXPECT_EQ(format_media_type(format), "image/" + std::string(format_name(format)));
  }
}

TEST(Format, BytesDecide) {
  EXPECT_EQ(*sniff("\x89PNG\r\n\x1a\n..."), Format::png);
  EXPECT_EQ(*sniff("\xff\xd8\xff\xe0"), Format::jpeg);
  EXPECT_EQ(*sniff("RIFF\0\0\0\0WEBPVP8 "sv), Format::webp);
  EXPECT_EQ(*sniff("\0\0\0\x14"
                   "ftypmif1\0\0\0\0avif"sv),
            Format::avif);
  EXPECT_FALSE(
      sniff("\0\0\0\x14"
            "ftypheic\0\0\0\0mif1"sv));
  EXPECT_FALSE(
      sniff("\xff\xff\xff\xff"
            "ftypavif"sv));
  EXPECT_FALSE(sniff("RIFF\0\0\0\0WAVE"sv));
  EXPECT_FALSE(sniff("GIF89a"));
  EXPECT_FALSE(sniff(""));
}

}  // namespace
}  // namespace limner
