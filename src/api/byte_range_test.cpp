#include "api/byte_range.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

void expect_range(std::string_view header, uint64_t first, uint64_t last) {
  const auto range = parse_range(header, 100);
  ASSERT_TRUE(range.has_value()) << header;
  EXPECT_TRUE(range->satisfiable) << header;
  EXPECT_EQ(range->first, first) << header;
  EXPECT_EQ(range->last, last) << header;
}

TEST(ByteRange, ReadsOneRange) {
  expect_range("bytes=0-9", 0, 9);
  expect_range("bytes=90-", 90, 99);
  expect_range("bytes=90-1000", 90, 99);
  expect_range("bytes=-10", 90, 99);
  expect_range("bytes=-1000", 0, 99);
}

TEST(ByteRange, IgnoresWhatItDoesNotUnderstand) {
  for (const char* header : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-1", "bytes=0-1,5-6",
                             "lines=1-2", "bytes=1--2", "bytes=99999999999999999999999-"})
    EXPECT_FALSE(parse_range(header, 100).has_value()) << header;
}

TEST(ByteRange, SaysWhatCannotBe) {
  for (const char* header : {"bytes=100-", "bytes=-0", "bytes=200-300"})
    EXPECT_FALSE(parse_range(header, 100)->satisfiable) << header;
  EXPECT_FALSE(parse_range("bytes=-5", 0)->satisfiable);
}

}  // namespace
}  // namespace limner
