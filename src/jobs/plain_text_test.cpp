#include "jobs/plain_text.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

TEST(PlainText, Utf8IsThatOfRfc3629) {
  for (const char* good : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa9z"})
    EXPECT_TRUE(is_valid_utf8(good)) << shown(good);
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2\x82z"})
    EXPECT_FALSE(is_valid_utf8(bad)) << shown(bad);
}

TEST(PlainText, HasNoControlCharacters) {
  EXPECT_TRUE(is_plain_text("Füchse, 日本"));
  for (const std::string& bad : {std::string("a\nb"), std::string("\x7f"), std::string(1, '\0')})
    EXPECT_FALSE(is_plain_text(bad));
}

TEST(PlainText, ShownIsShortAscii) {
  EXPECT_EQ(shown("é"), "\"\\u00e9\"");
  EXPECT_EQ(shown(7), "7");
  EXPECT_EQ(shown(std::string(500, 'x')).size(), 83u);
  for (const char c : shown("\xff\xfe日本")) EXPECT_TRUE(c >= ' ' && c <= '~');
}

}  // namespace
}  // namespace limner
