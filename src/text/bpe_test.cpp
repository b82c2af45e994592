#include "text/bpe.h"

#include <gtest/gtest.h>

#include <ctime>

namespace limner {
namespace {

// Every byte not listed is the unknown token 0.
const Vocabulary kVocabulary = {{"<unk>", 0}, {"a", 1},  {"b", 2},      {"a</w>", 3},
                                {"b</w>", 4}, {"ab", 5}, {"ab</w>", 6}, {"aa", 7}};

std::vector<int32_t> ids_of(const Bpe& bpe, std::string_view word) {
  std::vector<int32_t> ids;
  bpe.encode_word(word, ids);
  return ids;
}

Bpe made(const std::vector<Merge>& merges) {
  Result<Bpe> bpe = Bpe::make(kVocabulary, merges, "<unk>");
  EXPECT_TRUE(bpe) << bpe.error().text();
  return std::move(bpe).value();
}

TEST(Bpe, AppliesTheEarliestMergeFirstThenTheLeftmost) {
  const Bpe bpe = made({{"a", "a"}, {"a", "b</w>"}, {"a", "b"}});
  EXPECT_EQ(ids_of(bpe, "ab"), (std::vector<int32_t>{6}));
  EXPECT_EQ(ids_of(bpe, "aab"), (std::vector<int32_t>{7, 4}));
  EXPECT_EQ(ids_of(bpe, "aaab"), (std::vector<int32_t>{7, 6}));
  EXPECT_EQ(ids_of(bpe, "aba"), (std::vector<int32_t>{5, 3}));
  EXPECT_EQ(ids_of(bpe, ""), (std::vector<int32_t>{}));
}

TEST(Bpe, BytesOutsideTheVocabularyAreUnknown) {
  EXPECT_EQ(ids_of(made({}), std::string_view("a\x00z", 3)), (std::vector<int32_t>{1, 0, 0}));
}

TEST(Bpe, LongWordsTakeNoSquareOfTime) {
  const Bpe bpe = made({{"a", "a"}, {"a", "b"}});
  std::string word;
  for (int i = 0; i < 100000; ++i) word += i % 3 ? 'a' : 'b';
  const std::clock_t start = std::clock();
  EXPECT_LT(ids_of(bpe, word).size(), word.size());
  EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC);
}

TEST(Bpe, RefusesBrokenVocabularies) {
  const auto error = [](const Vocabulary& vocabulary, const std::vector<Merge>& merges,
                        std::string_view unk) {
    const Result<Bpe> bpe = Bpe::make(vocabulary, merges, unk);
    return bpe ? std::string() : bpe.error().text();
  };
  EXPECT_NE(error({{"a", 1}, {"a", 2}}, {}, "a"), "");
  EXPECT_NE(error({{"a", 1}, {"b", 1}}, {}, "a"), "");
  EXPECT_NE(error({{"a", kVocabularyMax}}, {}, "a"), "");
  EXPECT_NE(error({{"a", -1}}, {}, "a"), "");
  EXPECT_NE(error({{"", 1}, {"a", 0}}, {}, "a"), "");
  EXPECT_NE(error({}, {}, "<unk>"), "");
  EXPECT_NE(error(kVocabulary, {{"b", "b"}}, "<unk>"), "");
  EXPECT_EQ(error(kVocabulary, {}, "<unk>"), "");
}

}  // namespace
}  // namespace limner
