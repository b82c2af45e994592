#include "text/clip_tokenizer.h"

#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/files.h"
#include "text/clip_vocabulary_test.h"

namespace limner {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<int32_t>;

const fs::path kTiny = fs::path(LIMNER_SOURCE_DIR) / "models/limner-tiny/tokenizer";

ClipTokenizer tiny() { return std::move(ClipTokenizer::open(kTiny)).value(); }

// A scratch folder with the given files, gone at the end.
class Folder {
 public:
  explicit Folder(const std::map<std::string, std::string>& files) {
    path_ = fs::path(testing::TempDir()) /
            (std::string("limner-") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(path_);
    fs::create_directories(path_);
    for (const auto& [name, text] : files) std::ofstream(path_ / name) << text;
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string opening_error(const std::map<std::string, std::string>& files) {
  const Folder folder(files);
  const Result<ClipTokenizer> tokenizer = ClipTokenizer::open(folder.path());
  return tokenizer ? "none" : tokenizer.error().text();
}

// Expected ids in this file are those of transformers 5.5.4.
TEST(ClipTokenizer, EncodesAsTransformers) {
  const ClipTokenizer tokenizer = clip();
  EXPECT_EQ(tokenizer.encode("a photo of an astronaut riding a horse on mars"),
            (Ids{320, 1125, 539, 550, 18376, 6765, 320, 4558, 525, 7496}));
  EXPECT_EQ(tokenizer.encode("  A PHOTO\n"), (Ids{320, 1125}));
  EXPECT_EQ(tokenizer.encode(""), Ids{});
  EXPECT_EQ(tokenizer.encode("x<|endoftext|>x"), (Ids{343, 49407, 343}));
  EXPECT_EQ(tokenizer.bos(), 49406);
  EXPECT_EQ(tokenizer.eos(), 49407);
  EXPECT_EQ(tokenizer.pad(), 49407);
  EXPECT_EQ(tokenizer.vocab_size(), 49408);
  EXPECT_EQ(tokenizer.id_of(",</w>"), 267);
}

TEST(ClipTokenizer, ReadsTheFolder) {
  const ClipTokenizer tokenizer = tiny();
  EXPECT_EQ(tokenizer.encode("hello!!"), (Ids{1170, 1595, 0, 256}));
  EXPECT_EQ(tokenizer.eos(), 4095);
  EXPECT_EQ(tokenizer.vocab_size(), 4096);
  EXPECT_EQ(tokenizer.length_max(), 32);
}

TEST(ClipTokenizer, ThePadTokenIsFoundInText) {
  ClipTokenizer tokenizer = tiny();
  tokenizer.set_pad(0);
  EXPECT_EQ(tokenizer.pad(), 0);
  EXPECT_EQ(tokenizer.encode("hello!!"), (Ids{1170, 1595, 0, 0}));
}

TEST(ClipTokenizer, DecodesWords) {
  const ClipTokenizer tokenizer = clip();
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("A  Photo, of naïve 日本")), "a photo , of naïve 日本");
  EXPECT_EQ(tokenizer.decode(Ids{-1, 320, 1 << 30}), "a");
  EXPECT_EQ(tokenizer.decode(Ids{}), "");
}

TEST(ClipTokenizer, InvalidUtf8ReadsAsReplacementCharacter) {
  const ClipTokenizer tokenizer = clip();
  EXPECT_EQ(tokenizer.encode("a\xFF z"), tokenizer.encode("a\uFFFD z"));
}

TEST(ClipTokenizer, PlaceholdersExpand) {
  ClipTokenizer tokenizer = clip();
  ASSERT_TRUE(tokenizer.add_token("<Cat-Toy>", {49408, 49409, 49410}));
  const Ids ids = tokenizer.encode("a <CAT-toy>s");
  EXPECT_EQ(ids, (Ids{320, 49408, 49409, 49410, 338}));
  EXPECT_EQ(tokenizer.group_size(std::span(ids)), 1u);
  EXPECT_EQ(tokenizer.group_size(std::span(ids).subspan(1)), 3u);
  EXPECT_EQ(tokenizer.group_size(std::span(ids).subspan(1, 2)), 2u);
  EXPECT_EQ(tokenizer.decode(std::span(ids).first(4)), "a <Cat-Toy>");
  EXPECT_EQ(tokenizer.vocab_size(), 49408);
}

TEST(ClipTokenizer, RefusesPlaceholdersThatCannotWork) {
  ClipTokenizer tokenizer = clip();
  EXPECT_FALSE(tokenizer.add_token("", {49408}));
  EXPECT_FALSE(tokenizer.add_token(std::string(300, 'x'), {49408}));
  EXPECT_FALSE(tokenizer.add_token("<x>", {}));
  EXPECT_FALSE(tokenizer.add_token("<x>", {5}));
  EXPECT_FALSE(tokenizer.add_token("cat</w>", {49408}));
  ASSERT_TRUE(tokenizer.add_token("<x>", {49408}));
  EXPECT_FALSE(tokenizer.add_token("<x>", {49409}));
  EXPECT_FALSE(tokenizer.add_token("<X>", {49409}));
}

TEST(ClipTokenizer, ALongPromptIsFast) {
  const ClipTokenizer tokenizer = clip();
  std::string words, one_word(100000, 'a');
  while (words.size() < 100000) words += "a photo of an Astronaut, 42 horses; ";
  const std::clock_t start = std::clock();
  EXPECT_GT(tokenizer.encode(words).size(), 10000u);
  EXPECT_GT(tokenizer.encode(one_word).size(), 1000u);
  EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC);
}

TEST(ClipTokenizer, HostileFoldersAreRefusedByName) {
  const std::string merges = "#version: 0.2\na b\n";
  EXPECT_NE(opening_error({}).find("vocab.json"), std::string::npos);
  EXPECT_NE(opening_error({{"vocab.json", "{\"a\": 0}"}}).find("merges.txt"), std::string::npos);
  EXPECT_NE(opening_error({{"vocab.json", "[1, 2"}, {"merges.txt", merges}}).find("not valid JSON"),
            std::string::npos);
  EXPECT_NE(opening_error({{"vocab.json", "[1, 2]"}, {"merges.txt", merges}}), "none");
  EXPECT_NE(opening_error({{"vocab.json", "{\"a\": \"b\"}"}, {"merges.txt", merges}}).find("'a'"),
            std::string::npos);
  EXPECT_NE(opening_error({{"vocab.json", "{\"a\": 1e9}"}, {"merges.txt", merges}}), "none");
  EXPECT_NE(opening_error({{"vocab.json", "{\"a\": {\"b\": [3]}}"}, {"merges.txt", merges}}).find("'a'"),
            std::string::npos);
  EXPECT_NE(opening_error({{"vocab.json", "{}"}, {"merges.txt", "a b\na b c\n"}}).find("line 2"),
            std::string::npos);
  EXPECT_NE(opening_error({{"tokenizer.json", "{\"model\": 3}"}}).find("model"), std::string::npos);
  EXPECT_NE(opening_error({{"tokenizer.json", std::string(100, '[')}}), "none");
}

TEST(ClipTokenizer, HostileConfigsAreRefusedByName) {
  const std::string vocabulary = std::move(read_file(kTiny / "vocab.json", 1 << 20)).value();
  const std::string merges = std::move(read_file(kTiny / "merges.txt", 1 << 20)).value();
  const auto error = [&](const std::string& config) {
    return opening_error(
        {{"vocab.json", vocabulary}, {"merges.txt", merges}, {"tokenizer_config.json", config}});
  };
  EXPECT_EQ(error("{}"), "none");
  EXPECT_NE(error("[]").find("tokenizer_config.json"), std::string::npos);
  EXPECT_NE(error(R"({"tokenizer_class": "T5Tokenizer"})").find("T5Tokenizer"), std::string::npos);
  EXPECT_NE(error(R"({"model_max_length": "x"})").find("model_max_length"), std::string::npos);
  EXPECT_NE(error(R"({"bos_token": ""})").find("bos_token"), std::string::npos);
  EXPECT_NE(error(R"({"pad_token": 3})").find("pad_token"), std::string::npos);
  EXPECT_NE(error(R"({"added_tokens_decoder": {"x": {"content": "y"}}})").find("'x'"), std::string::npos);
  EXPECT_NE(
      error(R"({"added_tokens_decoder": {"1": {"content": "y", "single_word": true}}})").find("single_word"),
      std::string::npos);
  EXPECT_NE(error(R"({"extra_special_tokens": {"a": "b"}})").find("extra_special_tokens"), std::string::npos);
  EXPECT_NE(error("{\"a\": " + std::string(5000, '[') + std::string(5000, ']') + "}").find("deeper"),
            std::string::npos);
}

}  // namespace
}  // namespace limner
