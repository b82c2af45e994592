#include "image/file_metadata.h"

#include <gtest/gtest.h>

#include "image/containers/byte_reader.h"
#include "image/containers/exif_comment.h"
#include "image/containers/item_table.h"
#include "image/containers/unicode.h"
#include "image/containers/xmp_packet.h"

namespace limner {
namespace {

using namespace std::string_view_literals;

TEST(Unicode, OnlyWellFormedTextPasses) {
  for (const auto text :
       {""sv, "fox"sv, "\xC3\xA9"sv, "\xE7\x8B\x90"sv, "\xF0\x9F\xA6\x8A"sv, "\xF4\x8F\xBF\xBF"sv})
    EXPECT_TRUE(is_utf8(text));
  for (const auto text : {"\x80"sv, "\xC0\x80"sv, "\xE0\x80\x80"sv, "\xED\xA0\x80"sv, "\xF4\x90\x80\x80"sv,
                          "\xF0\x9F\xA6"sv, "\xFF"sv})
    EXPECT_FALSE(is_utf8(text));
}

TEST(Unicode, Utf16BothWays) {
  const std::string text = "a\xC3\xA9\xE7\x8B\x90\xF0\x9F\xA6\x8A";
  EXPECT_EQ(utf8_from_utf16(utf16_be_from_utf8(text), true), text);
  EXPECT_EQ(utf8_from_utf16(as_bytes("\xFF\xFE"
                                     "a\0"sv),
                            true),
            "a");
  EXPECT_EQ(utf8_from_utf16(as_bytes("\xD8\x00\x00"
                                     "a\xDC\x00"sv),
                            true),
            "\xEF\xBF\xBD"
            "a\xEF\xBF\xBD");
  EXPECT_EQ(utf8_from_latin1("\xE9"), "\xC3\xA9");
}

TEST(ExifComment, AnyTextComesBack) {
  for (const std::string text :
       {"a", "\xE4\xB8\x80\xE4\xB8\x80", "\xEF\xBB\xBFmarked", "\xEF\xBF\xBEodd", "tail "})
    EXPECT_EQ(read_exif_comment(write_exif_comment(text)), text);
}

TEST(ExifComment, OtherWritersAreRead) {
  const auto little_endian = [](std::string_view comment) {
    std::string block(
        "II*\0\x08\0\0\0"
        "\1\0\x69\x87\4\0\1\0\0\0\x1A\0\0\0\0\0\0\0"
        "\1\0\x86\x92\7\0"sv);
    block += static_cast<char>(comment.size());
    block += "\0\0\0\x2C\0\0\0\0\0\0\0"sv;
    return read_exif_comment(as_bytes(block + std::string(comment)));
  };
  EXPECT_EQ(little_endian("UNICODE\0f\0o\0x\0"sv), "fox");
  EXPECT_EQ(little_endian("UNICODE\0\0f\0o\0x"sv), "fox");
  EXPECT_EQ(little_endian("ASCII\0\0\0fox\0\0"sv), "fox");
  EXPECT_EQ(little_endian("\0\0\0\0\0\0\0\0\xE9"sv), "\xC3\xA9");
  EXPECT_EQ(little_endian("JIS\0\0\0\0\0fox"sv), "");
}

TEST(ExifComment, BrokenBlocksHaveNone) {
  std::vector<std::byte> block = write_exif_comment("a fox");
  for (size_t size = 0; size < block.size(); ++size)
    EXPECT_EQ(read_exif_comment(std::span(block).first(size)), "");
  EXPECT_EQ(read_exif_comment(as_bytes("MM\0*\xFF\xFF\xFF\xFF"sv)), "");
}

TEST(XmpPacket, AnyTextComesBack) {
  for (const std::string text : {"{}", "<&amp;>\r\n\"'", "&#13;", "</limner:parameters>"})
    EXPECT_EQ(read_xmp_packet(write_xmp_packet(text)), text);
  EXPECT_EQ(read_xmp_packet("<limner:parameters>"), "");
  EXPECT_EQ(read_xmp_packet(write_xmp_packet("", "a&b")), "");
  EXPECT_EQ(read_xmp_source_type(write_xmp_packet("{}", "a&b")), "a&b");
  EXPECT_EQ(read_xmp_source_type(write_xmp_packet("{}")), "");
}

TEST(Boxes, SizesThatLieAreRefused) {
  EXPECT_EQ(read_boxes(as_bytes("\0\0\0\x08"
                                "free\0\0\0\0mdat"sv))
                .value()
                .size(),
            2u);
  for (const auto bytes : {"\0\0\0\x07"
                           "free"sv,
                           "\0\0\0\x09"
                           "free"sv,
                           "\0\0\0\1free\0\0"sv, "\0\0\0\1free\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"sv})
    EXPECT_FALSE(read_boxes(as_bytes(bytes)));
}

TEST(FileMetadata, PngTextInLatin1AndTranslatedKeys) {
  const auto png =
      "\x89PNG\r\n\x1a\n"
      "\0\0\0\x0EtEXtparameters\0caf\0\0\0\0"
      "\0\0\0\x10iTXtlimner\0\0\0en\0key\0{}....\0\0\0\0IEND...."sv;
  EXPECT_FALSE(read_file_metadata(as_bytes(png), "file")) << "a length that lies";
  const auto good =
      "\x89PNG\r\n\x1a\n"
      "\0\0\0\x0FtEXtparameters\0caf\xE9....\0\0\0\x14iTXtlimner\0\0\0en\0key\0{}..CRC.\0\0\0\0IEND...."sv;
  const FileMetadata texts = read_file_metadata(as_bytes(good), "file").value();
  EXPECT_EQ(texts.infotext, "caf\xC3\xA9");
  EXPECT_EQ(texts.limner_json, "{}..");
}

TEST(FileMetadata, BrokenContainersNameTheFile) {
  for (const auto file : {"\x89PNG\r\n\x1a\n\xFF\xFF\xFF\xFFtEXt"sv, "\xff\xd8\xff\xe1\0\0"sv,
                          "\xff\xd8\xff\xe1\xff\xff"sv, "RIFF\0\0\0\0WEBPEXIF\xff\xff\xff\xff"sv,
                          "\0\0\0\x10"
                          "ftypavif\0\0\0\0"sv}) {
    const Result<FileMetadata> texts = read_file_metadata(as_bytes(file), "upload");
    ASSERT_FALSE(texts);
    EXPECT_EQ(texts.error().code, Code::invalid);
    EXPECT_EQ(texts.error().field, "upload");
  }
}

}  // namespace
}  // namespace limner
