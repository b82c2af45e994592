#include "base/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace limner {
namespace {

TEST(Ids, HaveThePrefixAndAreRecognised) {
  const std::string id = new_id("job");
  EXPECT_EQ(id.size(), 30u);
  EXPECT_TRUE(is_id(id, "job")) << id;
  EXPECT_FALSE(is_id(id, "pic"));
  EXPECT_FALSE(is_id(id, "jo"));
}

TEST(Ids, DifferAndSortByTime) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(new_id("x"));
  EXPECT_EQ(ids.size(), 1000u);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_GT(new_id("x"), *ids.rbegin());
}

TEST(Ids, StrangersTextIsNone) {
  const std::string good = "job_01arz3ndektsv4rrffq69g5fav";
  ASSERT_TRUE(is_id(good, "job"));
  EXPECT_FALSE(is_id("", "job"));
  EXPECT_FALSE(is_id("job_", "job"));
  EXPECT_FALSE(is_id(good + "a", "job"));
  EXPECT_FALSE(is_id("job-01arz3ndektsv4rrffq69g5fav", "job"));
  EXPECT_FALSE(is_id("job_81arz3ndektsv4rrffq69g5fav", "job")) << "more than 128 bits";
  EXPECT_FALSE(is_id("job_01arz3ndektsv4rrffq69g5fau", "job")) << "u is no digit";
  EXPECT_FALSE(is_id("job_01ARZ3NDEKTSV4RRFFQ69G5FAV", "job"));
  EXPECT_FALSE(is_id("job_01arz3ndektsv4rrffq69g5f/v", "job"));
}

}  // namespace
}  // namespace limner
