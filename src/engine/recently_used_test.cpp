#include "engine/recently_used.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace limner {
namespace {

TEST(RecentlyUsed, DropsWhatWasAskedForLongestAgo) {
  RecentlyUsed<std::string, int> cache(2, 100);
  EXPECT_EQ(cache.keep("a", 1, 1), 0u);
  EXPECT_EQ(cache.keep("b", 2, 1), 0u);
  ASSERT_NE(cache.find("a"), nullptr);
  EXPECT_EQ(cache.keep("c", 3, 1), 1u);
  EXPECT_EQ(cache.find("b"), nullptr);
  ASSERT_NE(cache.find("a"), nullptr);
  EXPECT_EQ(*cache.find("a"), 1);
  EXPECT_EQ(*cache.find("c"), 3);
  EXPECT_EQ(cache.bytes(), 2u);
}

TEST(RecentlyUsed, DropsAsManyAsTheBytesWant) {
  RecentlyUsed<std::string, int> cache(10, 100);
  for (const char* key : {"a", "b", "c", "d"}) cache.keep(key, 0, 25);
  EXPECT_EQ(cache.keep("e", 0, 60), 3u);
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_NE(cache.find("d"), nullptr);
  EXPECT_EQ(cache.bytes(), 85u);
}

TEST(RecentlyUsed, KeepsTheLastOneHoweverLargeItIs) {
  RecentlyUsed<std::string, std::unique_ptr<int>> cache(10, 100);
  cache.keep("small", std::make_unique<int>(1), 1);
  EXPECT_EQ(cache.keep("large", std::make_unique<int>(2), 1000), 1u);
  ASSERT_NE(cache.find("large"), nullptr);
  EXPECT_EQ(**cache.find("large"), 2);
  EXPECT_EQ(cache.keep("next", std::make_unique<int>(3), 1), 1u);
  EXPECT_EQ(cache.bytes(), 1u);
}

}  // namespace
}  // namespace limner
