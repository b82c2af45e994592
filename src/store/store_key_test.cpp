#include <gtest/gtest.h>

#include "store/store.h"

namespace limner {
namespace {

TEST(StoreKey, SegmentsOfHarmlessCharacters) {
  for (const char* key : {"a", "a/b", "jobs/job_01j/0.png", "A-Z_0.9/...", ".hidden", "a..b/c", "-"})
    EXPECT_TRUE(is_store_key(key)) << key;
  for (const char* key : {"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a b", "a+b", "ä",
                          "a\\b", "a%2fb", "a\nb"})
    EXPECT_FALSE(is_store_key(key)) << key;
  EXPECT_FALSE(is_store_key(std::string_view("a\0b", 3)));
}

TEST(StoreKey, HasALongestSegmentAndALongestWhole) {
  const std::string segment(255, 'x');
  EXPECT_TRUE(is_store_key(segment));
  EXPECT_FALSE(is_store_key(segment + "x"));
  EXPECT_TRUE(is_store_key(segment + "/" + segment.substr(1) + "/y"));
  EXPECT_FALSE(is_store_key(segment + "/" + segment + "/y"));
}

TEST(StoreKey, ErrorsShowWhatWasGivenAsPrintableText) {
  const Error error = check_store_key("a\x01\xff b").error();
  EXPECT_EQ(error.code, Code::invalid);
  EXPECT_EQ(error.field, "key");
  EXPECT_NE(error.message.find("'a???b'"), std::string::npos) << error.message;
  EXPECT_LT(check_store_key(std::string(100'000, '/')).error().message.size(), 300u);
}

TEST(StoreKey, APrefixBeginsSomeKey) {
  for (const char* prefix : {"", "a", "a/", "a/b", "a/.", "a/..", "."})
    EXPECT_TRUE(check_store_prefix(prefix)) << prefix;
  for (const char* prefix : {"/", "a//", "a/../", "a b"})
    EXPECT_EQ(check_store_prefix(prefix).error().code, Code::invalid) << prefix;
}

}  // namespace
}  // namespace limner
