#include "text/unicode_matching.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

TEST(UnicodeMatching, StyledLettersBecomePlainOnes) {
  EXPECT_EQ(decompose_compatibly(U'a'), U"a");
  EXPECT_EQ(decompose_compatibly(U'\uFF41'), U"a");      // full width
  EXPECT_EQ(decompose_compatibly(U'\u24D0'), U"a");      // in a circle
  EXPECT_EQ(decompose_compatibly(U'\U0001D4EA'), U"a");  // bold script
  EXPECT_EQ(decompose_compatibly(U'\uFB03'), U"ffi");    // a ligature
  EXPECT_EQ(decompose_compatibly(U'\u00E9'), U"e\u0301");
  EXPECT_EQ(decompose_compatibly(U'\uFDFA').size(), 18u);
}

TEST(UnicodeMatching, HiddenCharactersAreKnown) {
  for (const char32_t hidden : {0x200B, 0x200D, 0x2060, 0xFEFF, 0xAD, 0x202E, 0xFE0F, 0xE0041, 0x3164})
    EXPECT_TRUE(is_default_ignorable(hidden)) << std::hex << static_cast<uint32_t>(hidden);
  for (const char32_t seen : {U' ', U'a', U'\u00A0', U'\u0301', U'\u4E00'})
    EXPECT_FALSE(is_default_ignorable(seen)) << std::hex << static_cast<uint32_t>(seen);
}

TEST(UnicodeMatching, MarksCaseAndScripts) {
  EXPECT_TRUE(is_mark(U'\u0301'));
  EXPECT_TRUE(is_mark(U'\u20DD'));
  EXPECT_FALSE(is_mark(U'e'));
  EXPECT_EQ(lower_letter(U'\u0130'), U'i');
  EXPECT_EQ(lower_letter(U'\u0416'), U'\u0436');
  EXPECT_TRUE(is_written_without_spaces(U'\u88F8'));
  EXPECT_FALSE(is_written_without_spaces(U'\u0436'));
}

}  // namespace
}  // namespace limner
