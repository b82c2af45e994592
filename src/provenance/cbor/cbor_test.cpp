#include <gtest/gtest.h>

#include "provenance/cbor/value.h"

namespace limner {
namespace {

using namespace std::string_view_literals;

std::string encoded_again(std::string_view bytes) {
  const Result<Cbor> item = decode_cbor(bytes, "cbor");
  return item ? encode_cbor(*item) : item.error().message;
}

TEST(Cbor, ExamplesOfTheStandardComeBack) {
  // RFC 8949, appendix A.
  for (const auto bytes :
       {"\x00"sv, "\x17"sv, "\x18\x18"sv, "\x19\x03\xE8"sv, "\x1B\x00\x00\x00\xE8\xD4\xA5\x10\x00"sv,
        "\x20"sv, "\x39\x03\xE7"sv, "\xF4"sv, "\xF5"sv, "\xF6"sv, "\xFB\x3F\xF1\x99\x99\x99\x99\x99\x9A"sv,
        "\x44\x01\x02\x03\x04"sv, "\x64IETF"sv, "\x83\x01\x02\x03"sv,
        "\xA2\x61"
        "a\x01\x61"
        "b\x82\x02\x03"sv,
        "\xC0\x74"
        "2013-03-21T20:04:00Z"sv})
    EXPECT_EQ(encoded_again(bytes), bytes);
}

TEST(Cbor, StringsAndListsWithoutALengthAreReadWhole) {
  EXPECT_EQ(encoded_again("\x5F\x42\x01\x02\x43\x03\x04\x05\xFF"sv), "\x45\x01\x02\x03\x04\x05"sv);
  EXPECT_EQ(encoded_again("\x9F\x01\x82\x02\x03\xFF"sv), "\x82\x01\x82\x02\x03"sv);
  EXPECT_EQ(encoded_again("\xBF\x61"
                          "a\x01\xFF"sv),
            "\xA1\x61"
            "a\x01"sv);
}

TEST(Cbor, FloatsOfEveryWidthAreNumbers) {
  EXPECT_EQ(decode_cbor("\xF9\x3E\x00"sv, "cbor")->real, 1.5);
  EXPECT_EQ(decode_cbor("\xF9\xC4\x00"sv, "cbor")->real, -4.0);
  EXPECT_EQ(decode_cbor("\xFA\x47\xC3\x50\x00"sv, "cbor")->real, 100000.0);
}

TEST(Cbor, WhatCannotBeTrueIsRefused) {
  const std::pair<std::string_view, const char*> cases[] = {
      {""sv, "nothing"},
      {"\x01\x01"sv, "two items"},
      {"\x44\x01"sv, "a string cut short"},
      {"\x9B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"sv, "more elements than bytes"},
      {"\xBB\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"sv, "more entries than bytes"},
      {"\xA2\x61"
       "a\x01\x61"
       "a\x02"sv,
       "a key twice"},
      {"\x1C"sv, "a reserved length"},
      {"\x9F\x01"sv, "a list without an end"},
      {"\xBF\x01\xFF"sv, "a key without a value"},
      {"\xFF"sv, "an end of nothing"},
      {"\xDF\x01"sv, "a tag without a number"},
      {"\x7F\x41\x01\xFF"sv, "bytes in a text"}};
  for (const auto& [bytes, what] : cases) EXPECT_FALSE(decode_cbor(bytes, "cbor")) << what;
  EXPECT_FALSE(decode_cbor(std::string(100, '\x81'), "cbor")) << "too deep";
  EXPECT_FALSE(decode_cbor("\x83\x01\x02\x03"sv, "cbor", {.items_max = 3})) << "too many";
}

TEST(Cbor, KeysAreFoundByTheirKind) {
  Cbor map = Cbor::map({{"1", Cbor::text("text")}});
  map.add(Cbor::integer(1), Cbor::text("number"));
  map.add(Cbor::integer(-1), Cbor::text("negative"));
  EXPECT_EQ(map.find("1")->string, "text");
  EXPECT_EQ(map.find(1)->string, "number");
  EXPECT_EQ(map.find(-1)->string, "negative");
  EXPECT_EQ(map.find("2"), nullptr);
  EXPECT_EQ(map.find("1", Cbor::Kind::bytes), nullptr);
}

}  // namespace
}  // namespace limner
