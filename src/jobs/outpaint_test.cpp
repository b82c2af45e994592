#include "jobs/outpaint.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

TEST(Outpaint, OneNumberIsEverySide) {
  const Margins margins = parse_outpaint("64", "outpaint").value();
  EXPECT_EQ(margins.left, 64);
  EXPECT_EQ(margins.bottom, 64);
}

TEST(Outpaint, FourNumbersAreLeftTopRightBottom) {
  const Margins margins = parse_outpaint("1,0,3,4", "outpaint").value();
  EXPECT_EQ(margins.left, 1);
  EXPECT_EQ(margins.top, 0);
  EXPECT_EQ(margins.right, 3);
  EXPECT_EQ(margins.bottom, 4);
}

TEST(Outpaint, AnythingElseIsRefused) {
  for (const char* text : {"", "x", "1,2", "1,2,3", "1,2,3,4,5", "1,2,3,4,", ",1,2,3", "-1", "1.5", "16385",
                           "0", "0,0,0,0", "99999999999", " 1", "1 "}) {
    const Result<Margins> margins = parse_outpaint(text, "outpaint");
    ASSERT_FALSE(margins) << text;
    EXPECT_EQ(margins.error().field, "outpaint") << text;
  }
}

}  // namespace
}  // namespace limner
