#include "cli/printable.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

TEST(Printable, KeepsTextAsItIs) {
  EXPECT_EQ(printable("an apple\n\ta pear, 日本 🍎"), "an apple\n\ta pear, 日本 🍎");
  EXPECT_EQ(printable("\xc2\xa0\xc3\x9f"),
            "\xc2\xa0\xc3\x9f");  // U+00A0 and U+00DF are letters, not controls
}

TEST(Printable, DisarmsControls) {
  EXPECT_EQ(printable("\x1b[2J\r\x07\x7f"), "\\x1b[2J\\x0d\\x07\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m");
  EXPECT_EQ(printable("a\xff\xc2 \xe6\x97"), "a\\xff\\xc2 \\xe6\\x97");
}

}  // namespace
}  // namespace limner
