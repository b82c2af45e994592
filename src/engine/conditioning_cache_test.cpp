#include "engine/conditioning_cache.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

ConditioningPtr of(size_t floats, float value) {
  auto conditioning = std::make_shared<Conditioning>();
  conditioning->context.assign(floats, value);
  return conditioning;
}

TokenizedText text_of(std::vector<int32_t> ids, std::vector<float> weights) {
  TokenizedPrompt prompt;
  prompt.chunks.push_back({std::move(ids), std::move(weights), 1});
  return {.sections = 1, .by_encoder = {prompt}};
}

TEST(ConditioningCache, KeepsWhatWasUsedLast) {
  ConditioningCache cache;
  cache.keep("first", of(4, 1));
  for (int i = 0; i < 63; ++i) cache.keep(std::to_string(i), of(4, 2));
  ASSERT_NE(cache.find("first"), nullptr);
  cache.keep("one more", of(4, 3));
  EXPECT_EQ(cache.count(), 64u);
  EXPECT_EQ(cache.find("0"), nullptr) << "unused for the longest time";
  ASSERT_NE(cache.find("first"), nullptr);
  EXPECT_EQ(cache.find("first")->context[0], 1);
}

TEST(ConditioningCache, IsBoundedInBytes) {
  ConditioningCache cache;
  const size_t mebibyte = (1u << 20) / sizeof(float);
  for (int i = 0; i < 40; ++i) cache.keep(std::to_string(i), of(mebibyte, 0));
  EXPECT_LE(cache.count(), 32u);
  EXPECT_GE(cache.count(), 31u);
  cache.keep("large", of(64 * mebibyte, 0));
  EXPECT_EQ(cache.count(), 1u) << "what is in use stays, however large";
}

TEST(ConditioningCache, AKeyIsTheWholeText) {
  const std::string key = conditioning_key(text_of({1, 2, 3}, {1, 1, 1}), 1);
  EXPECT_EQ(key, conditioning_key(text_of({1, 2, 3}, {1, 1, 1}), 1));
  EXPECT_NE(key, conditioning_key(text_of({1, 2, 4}, {1, 1, 1}), 1));
  EXPECT_NE(key, conditioning_key(text_of({1, 2, 3}, {1, 1.1f, 1}), 1)) << "emphasis";
  EXPECT_NE(key, conditioning_key(text_of({1, 2, 3}, {1, 1, 1}), 2)) << "clip skip";
  TokenizedText two = text_of({1, 2, 3}, {1, 1, 1});
  two.by_encoder.push_back(two.by_encoder.front());
  EXPECT_NE(key, conditioning_key(two, 1)) << "another encoder";
}

}  // namespace
}  // namespace limner
