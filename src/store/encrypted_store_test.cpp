#include "store/encrypted_store.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "store/fixed_data_keys.h"
#include "store/local_store.h"
#include "store/sealed_object.h"
#include "store/test_folder.h"

namespace limner {
namespace {

class EncryptedStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open_plain() {
    return std::move(LocalStore::open(scratch_.path() / "store", clock_).value());
  }
  TestFolder scratch_;
  SystemClock clock_;
  FixedDataKeys keys_;
  EncryptedStore store_{open_plain(), keys_};
  std::unique_ptr<Store> plain_ = open_plain();
};

TEST_F(EncryptedStoreTest, TheStoreHasNothingToRead) {
  const std::string picture = "\x89PNG\r\n\x1a\n" + std::string(100'000, 'p');
  ASSERT_TRUE(store_.put("ink/a.png", as_bytes(picture), "image/png"));
  const std::string kept = plain_->get("ink/a.png", 1 << 20).value();
  EXPECT_TRUE(looks_sealed(kept));
  EXPECT_EQ(kept.find("pppp"), std::string::npos);
  EXPECT_EQ(store_.head("ink/a.png")->bytes, picture.size());
  EXPECT_TRUE(store_.get("ink/a.png", picture.size()).value() == picture);
}

TEST_F(EncryptedStoreTest, WhatWasChangedIsAnErrorThatNamesIt) {
  ASSERT_TRUE(store_.put("ink/a", as_bytes("secret"), ""));
  std::string kept = plain_->get("ink/a", 1000).value();
  kept.back() ^= 1;
  ASSERT_TRUE(plain_->put("ink/a", as_bytes(kept), ""));
  const Error error = store_.get("ink/a", 1000).error();
  EXPECT_EQ(error.code, Code::data_loss);
  EXPECT_NE(error.message.find("'ink/a'"), std::string::npos);
}

TEST_F(EncryptedStoreTest, AnothersObjectUnderItsNameIsNoneOfIts) {
  ASSERT_TRUE(store_.put("ink/a", as_bytes("mine"), ""));
  ASSERT_TRUE(store_.put("ink/b", as_bytes("mine too"), ""));
  ASSERT_TRUE(store_.put("dye/a", as_bytes("theirs"), ""));
  for (const char* taken : {"ink/b", "dye/a"}) {
    ASSERT_TRUE(plain_->put("ink/a", as_bytes(plain_->get(taken, 1000).value()), ""));
    EXPECT_EQ(store_.get("ink/a", 1000).error().code, Code::data_loss) << taken;
  }
}

TEST_F(EncryptedStoreTest, WithoutItsKeyAnObjectIsGone) {
  ASSERT_TRUE(store_.put("ink/a", as_bytes("mine"), ""));
  ASSERT_TRUE(store_.put("dye/a", as_bytes("theirs"), ""));
  keys_.forget("ink");
  EXPECT_EQ(store_.get("ink/a", 1000).error().code, Code::not_found);
  EXPECT_EQ(store_.head("ink/a")->bytes, 4u);
  EXPECT_EQ(store_.get("dye/a", 1000).value(), "theirs");
  ASSERT_TRUE(store_.put("ink/b", as_bytes("again"), ""));
  EXPECT_EQ(store_.get("ink/b", 1000).value(), "again");
  EXPECT_EQ(store_.get("ink/a", 1000).error().code, Code::not_found);
}

TEST_F(EncryptedStoreTest, WhatWasStoredBeforeIsEncryptedWhereItLies) {
  ASSERT_TRUE(plain_->put("ink/old", as_bytes("from before"), ""));
  EXPECT_EQ(store_.get("ink/old", 1000).error().code, Code::data_loss);
  EXPECT_EQ(store_.head("ink/old").error().code, Code::data_loss);
  EXPECT_TRUE(store_.encrypt_in_place("ink/old", 1000).value());
  EXPECT_EQ(store_.get("ink/old", 1000).value(), "from before");
  EXPECT_FALSE(store_.encrypt_in_place("ink/old", 1000).value());
  EXPECT_FALSE(store_.encrypt_in_place("ink/none", 1000).value());
}

TEST_F(EncryptedStoreTest, NobodyIsSentToTheStore) {
  ASSERT_TRUE(store_.put("ink/a", as_bytes("x"), ""));
  EXPECT_FALSE(store_.signed_url("ink/a", 60));
}

}  // namespace
}  // namespace limner
