#include "text/token_window.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "text/clip_vocabulary_test.h"

namespace limner {
namespace {

using Ids = std::vector<int32_t>;
constexpr int32_t kBos = 49406, kEos = 49407, kA = 320, kComma = 267;

std::string repeated(std::string_view word, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += word;
  return text;
}

// How many ids lie between bos and the first eos.
int32_t filled(const TokenChunk& chunk) { return chunk.eos_index - 1; }

TEST(TokenWindow, AnEmptyPromptIsOneWindow) {
  const ClipTokenizer tokenizer = clip();
  for (const LongPrompt mode : {LongPrompt::truncate, LongPrompt::chunk})
    for (const auto& sections :
         {std::vector<Section>{}, std::vector<Section>{{}}, std::vector<Section>{{{"", 1.0f}}}}) {
      const TokenizedPrompt prompt = window_tokens(tokenizer, sections, 5, mode);
      ASSERT_EQ(prompt.chunks.size(), 1u);
      EXPECT_EQ(prompt.chunks[0].ids, (Ids{kBos, kEos, kEos, kEos, kEos}));
      EXPECT_EQ(prompt.chunks[0].weights, std::vector<float>(5, 1.0f));
      EXPECT_EQ(prompt.chunks[0].eos_index, 1);
    }
}

TEST(TokenWindow, PadsAndWeighs) {
  ClipTokenizer tokenizer = clip();
  tokenizer.set_pad(0);
  const TokenizedPrompt prompt =
      window_tokens(tokenizer, {{{"a", 1.0f}, {"photo", 1.5f}}}, 6, LongPrompt::truncate);
  EXPECT_EQ(prompt.chunks[0].ids, (Ids{kBos, kA, 1125, kEos, 0, 0}));
  EXPECT_EQ(prompt.chunks[0].weights, (std::vector<float>{1, 1, 1.5, 1, 1, 1}));
  EXPECT_EQ(prompt.chunks[0].eos_index, 3);
}

TEST(TokenWindow, TruncationKeepsEosAndSaysWhatFell) {
  const TokenizedPrompt prompt =
      window_tokens(clip(), {{{"a photo of a horse", 1.0f}}}, 5, LongPrompt::truncate);
  ASSERT_EQ(prompt.chunks.size(), 1u);
  EXPECT_EQ(prompt.chunks[0].ids, (Ids{kBos, kA, 1125, 539, kEos}));
  EXPECT_EQ(prompt.dropped, "a horse");
}

TEST(TokenWindow, ChunksOf75) {
  const ClipTokenizer tokenizer = clip();
  EXPECT_EQ(window_tokens(tokenizer, {{{repeated("a ", 75), 1.0f}}}, 77, LongPrompt::chunk).chunks.size(),
            1u);
  const TokenizedPrompt prompt =
      window_tokens(tokenizer, {{{repeated("a ", 160), 1.2f}}}, 77, LongPrompt::chunk);
  ASSERT_EQ(prompt.chunks.size(), 3u);
  EXPECT_EQ(filled(prompt.chunks[0]), 75);
  EXPECT_EQ(filled(prompt.chunks[2]), 10);
  EXPECT_EQ(prompt.chunks[2].weights[10], 1.2f);
  EXPECT_EQ(prompt.chunks[2].weights[11], 1.0f);
  EXPECT_EQ(prompt.dropped, "");
}

TEST(TokenWindow, ANearCommaMovesThePhraseOn) {
  const ClipTokenizer tokenizer = clip();
  const auto lengths = [&](int before, int after) {
    std::vector<int32_t> counts;
    const std::string text = repeated("a ", before) + ", " + repeated("a ", after);
    for (const TokenChunk& chunk : window_tokens(tokenizer, {{{text, 1.0f}}}, 77, LongPrompt::chunk).chunks)
      counts.push_back(filled(chunk));
    return counts;
  };
  EXPECT_EQ(lengths(60, 20), (std::vector<int32_t>{61, 20}));
  EXPECT_EQ(lengths(55, 20), (std::vector<int32_t>{56, 20}));  // 20 tokens back: just near enough
  EXPECT_EQ(lengths(54, 21), (std::vector<int32_t>{75, 1}));
  EXPECT_EQ(lengths(60, 14), (std::vector<int32_t>{75}));
  EXPECT_EQ(lengths(75, 3), (std::vector<int32_t>{75, 4}));  // the comma itself starts the next
}

TEST(TokenWindow, BreakPadsTheChunk) {
  const TokenizedPrompt prompt = window_tokens(clip(), {{{"a", 1}}, {{", a", 1}}}, 77, LongPrompt::chunk);
  ASSERT_EQ(prompt.chunks.size(), 2u);
  EXPECT_EQ(filled(prompt.chunks[0]), 1);
  EXPECT_EQ(prompt.chunks[1].ids[1], kComma);
}

TEST(TokenWindow, PlaceholdersStayWhole) {
  ClipTokenizer tokenizer = clip();
  ASSERT_TRUE(tokenizer.add_token("<toy>", {49408, 49409, 49410}));
  const TokenizedPrompt prompt =
      window_tokens(tokenizer, {{{repeated("a ", 73) + "<toy>", 1}}}, 77, LongPrompt::chunk);
  ASSERT_EQ(prompt.chunks.size(), 2u);
  EXPECT_EQ(filled(prompt.chunks[0]), 73);
  EXPECT_EQ(filled(prompt.chunks[1]), 3);
  const TokenizedPrompt narrow = window_tokens(tokenizer, {{{"<toy>", 1}}}, 4, LongPrompt::chunk);
  ASSERT_EQ(narrow.chunks.size(), 2u);
  EXPECT_EQ(narrow.chunks[1].ids, (Ids{kBos, 49410, kEos, kEos}));
}

TEST(TokenWindow, PadsToTheSameNumberOfChunks) {
  const ClipTokenizer tokenizer = clip();
  TokenizedPrompt longer = window_tokens(tokenizer, {{{repeated("a ", 80), 1}}}, 77, LongPrompt::chunk);
  TokenizedPrompt shorter = window_tokens(tokenizer, {{{"a", 1}}}, 77, LongPrompt::chunk);
  pad_to_same_chunks(tokenizer, 77, longer, shorter);
  ASSERT_EQ(shorter.chunks.size(), 2u);
  EXPECT_EQ(shorter.chunks[1].eos_index, 1);
  EXPECT_EQ(shorter.chunks[1].ids.size(), 77u);
}

}  // namespace
}  // namespace limner
