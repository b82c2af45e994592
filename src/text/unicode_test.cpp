#include "text/unicode.h"

#include <gtest/gtest.h>

#include <ctime>

namespace limner {
namespace {

TEST(Unicode, DecodesValidText) { EXPECT_EQ(decode_utf8("aé€😀"), U"aé€😀"); }

TEST(Unicode, ReplacesEachMaximalInvalidSubsequence) {
  // The examples of the Unicode standard, tables 3-8 to 3-11.
  EXPECT_EQ(decode_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            U"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(decode_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
            U"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(decode_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            U"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA\uFFFD\uFFFDB");
  EXPECT_EQ(decode_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), U"\uFFFD\uFFFD\uFFFD\uFFFDA");
}

TEST(Unicode, EncodesWhatItDecodes) {
  const std::string text = "x\xC3\x9F \xE6\x97\xA5 \xF0\x9F\x91\x8D";
  EXPECT_EQ(encode_utf8(decode_utf8(text)), text);
}

TEST(Unicode, ClassesKnowUnicode16) {
  EXPECT_TRUE(is_letter(U'é') && is_letter(U'日') && is_letter(0x1C89) && is_letter(0x143FA));
  EXPECT_FALSE(is_letter(U'1') || is_letter(U'_') || is_letter(0x301));
  EXPECT_TRUE(is_number(U'7') && is_number(U'½') && is_number(U'Ⅷ') && is_number(0x10D40));
  EXPECT_TRUE(is_space(0x85) && is_space(0x3000) && is_space(U'\t'));
  EXPECT_FALSE(is_space(0x200B) || is_space(0xFEFF) || is_space(0x1C));
}

TEST(Unicode, LowersEachCodePointAlone) {
  EXPECT_EQ(lower_case(U"ÀΣSẞ"), U"àσsß");
  EXPECT_EQ(lower_case(U"\u0130"), U"i\u0307");
  EXPECT_EQ(lower_case(U"\uA7CB\U00010D50\U00016EA0"), U"\u0264\U00010D70\U00016EBB");
}

TEST(Unicode, Composes) {
  EXPECT_EQ(compose_canonically(U"e\u0301"), U"é");
  EXPECT_EQ(compose_canonically(U"q\u0307\u0323"), U"q\u0323\u0307");
  EXPECT_EQ(compose_canonically(U"\u1100\u1161\u11A8"), U"각");
  EXPECT_EQ(compose_canonically(U"\u212B"), U"Å");
  EXPECT_EQ(compose_canonically(U"\u0344"), U"\u0308\u0301");
}

TEST(Unicode, DoesNotComposeWhatUnicode9DidNot) {
  EXPECT_EQ(compose_canonically(U"\U00011935\U00011930"), U"\U00011935\U00011930");
  EXPECT_EQ(compose_canonically(U"a\u0345\u07FD\u0334"), U"a\u0345\u07FD\u0334");
}

TEST(Unicode, SortsLongRunsOfMarksFast) {
  std::u32string text = U"a";
  for (int i = 0; i < 50000; ++i) text += U"\u0345\u0334";
  const std::clock_t start = std::clock();
  EXPECT_EQ(compose_canonically(text).size(), text.size());
  EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC);
}

}  // namespace
}  // namespace limner
