#include "ledger/sealed_text.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/json.h"

namespace limner {
namespace {

constexpr TextPlace kPromptOfOne{"jobs.prompt", "ten_1", "job_1"};

class SealedTextTest : public testing::Test {
 protected:
  const std::string id_ = new_id("dky");
  const std::string key_ = text_key(std::string(32, 'k'));
  const std::string sealed_ = seal_text(id_, key_, kPromptOfOne, "a red apple");
};

TEST_F(SealedTextTest, OpensInItsPlaceAlone) {
  EXPECT_EQ(open_text(key_, kPromptOfOne, sealed_).value(), "a red apple");
  for (const TextPlace& other :
       {TextPlace{"jobs.request", "ten_1", "job_1"}, TextPlace{"jobs.prompt", "ten_2", "job_1"},
        TextPlace{"jobs.prompt", "ten_1", "job_2"}})
    EXPECT_EQ(open_text(key_, other, sealed_).error().code, Code::data_loss) << place_text(other);
  EXPECT_EQ(open_text(text_key(std::string(32, 'x')), kPromptOfOne, sealed_).error().code, Code::data_loss);
}

TEST_F(SealedTextTest, NothingThatWasChangedOpens) {
  for (size_t i = 0; i < sealed_.size(); ++i) {
    std::string changed = sealed_;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const Result<std::string> opened = open_text(key_, kPromptOfOne, changed);
    ASSERT_FALSE(opened) << i;
    EXPECT_EQ(opened.error().code, Code::data_loss) << i;
  }
  for (size_t length = 0; length < sealed_.size(); ++length)
    EXPECT_FALSE(open_text(key_, kPromptOfOne, sealed_.substr(0, length))) << length;
}

TEST_F(SealedTextTest, NamesItsKeyAndIsNoTextOfAPersons) {
  EXPECT_EQ(sealed_text_key_id(kPromptOfOne, sealed_).value(), id_);
  EXPECT_TRUE(looks_sealed_text(sealed_));
  EXPECT_FALSE(looks_sealed_text(printable_sealed_text(sealed_)));
  EXPECT_FALSE(parse_json(sealed_, "text"));
  EXPECT_TRUE(parse_json(printable_sealed_text(sealed_), "text"));
  EXPECT_EQ(sealed_text_key_id(kPromptOfOne, "a red apple").error().code, Code::data_loss);
}

TEST_F(SealedTextTest, TheSameTextIsSealedAnew) {
  EXPECT_NE(seal_text(id_, key_, kPromptOfOne, "a red apple"), sealed_);
  const std::string empty = seal_text(id_, key_, kPromptOfOne, "");
  EXPECT_EQ(open_text(key_, kPromptOfOne, empty).value(), "");
}

}  // namespace
}  // namespace limner
