#include "jobs/tenant_keys.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "jobs/picture_keys.h"
#include "ledger/ledger_fixture.h"
#include "store/encrypted_store.h"

namespace limner {
namespace {

class TenantKeysTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(MasterKeys::make().write(master_, true));
    masters_ = std::move(MasterKeyFile::read(master_, test.clock).value());
    keys_ = std::move(TenantKeys::open(*test, *masters_).value());
  }
  // The start of a server with the file.
  Result<void> start_with(const std::filesystem::path& file) {
    const std::unique_ptr<MasterKeyFile> masters = TRY(MasterKeyFile::read(file, test.clock));
    TRY(TenantKeys::open(*test, *masters));
    return {};
  }
  // What `limner encryption rotate` does.
  void rotate() {
    const MasterKeys both = MasterKeys::read(master_)->with_new();
    ASSERT_TRUE(both.write(master_, false));
    ASSERT_TRUE(test->data_keys().rewrap(both.id(),
                                         [&](const WrappedDataKey& key) -> Result<std::string> {
                                           const DataKey open =
                                               TRY(both.unwrap(key.wrapped, key.id, key.tenant, key.master));
                                           return both.wrap(open, key.tenant, both.id());
                                         },
                                         {}));
    ASSERT_TRUE(both.newest().write(master_, false));
  }
  std::string picture(const std::string& id = "pic_1") { return picture_key(test.tenant.id, id, "png"); }
  Tenant other_tenant() {
    Tenant other;
    other.name = "dye";
    return test->tenants().create(other).value();
  }

  TestLedger test;
  std::filesystem::path master_ = test.folder.path() / "master.key";
  std::unique_ptr<MasterKeyFile> masters_;
  std::unique_ptr<TenantKeys> keys_;
};

TEST_F(TenantKeysTest, ATenantHasOneKeyForAllItsFiles) {
  const DataKey key = keys_->for_writing(picture()).value();
  EXPECT_EQ(keys_->for_writing(upload_key(test.tenant.id, "file_1"))->secret, key.secret);
  EXPECT_EQ(keys_->for_reading(picture("pic_2"), key.id)->secret, key.secret);
  const Job job = test->jobs().accept(test.job(), {})->job;
  EXPECT_EQ(keys_->for_writing(stage_key(job.id, 0, "latents"))->secret, key.secret);
  const DataKey theirs = keys_->for_writing(picture_key(other_tenant().id, "pic_1", "png")).value();
  EXPECT_NE(theirs.secret, key.secret);
  EXPECT_EQ(keys_->for_reading(picture(), theirs.id).error().code, Code::data_loss);
}

TEST_F(TenantKeysTest, WhatIsNobodysHasNone) {
  for (const char* object : {"strange", "pictures", "pictures/x", "stages/x", "other/ten/x"})
    EXPECT_FALSE(keys_->for_writing(object)) << object;
  EXPECT_EQ(keys_->for_reading(picture(), new_id("dky")).error().code, Code::data_loss);
}

TEST_F(TenantKeysTest, ARotationIsSeenWithoutARestart) {
  const DataKey key = keys_->for_writing(picture()).value();
  rotate();
  EXPECT_EQ(keys_->for_reading(picture(), key.id)->secret, key.secret);
  EXPECT_EQ(keys_->for_writing(picture())->secret, key.secret);
  EXPECT_TRUE(keys_->for_writing(picture_key(other_tenant().id, "pic_1", "png")));
}

TEST_F(TenantKeysTest, ARotationBeforeTheFirstKeyIsSeenToo) {
  rotate();
  EXPECT_TRUE(keys_->for_writing(picture()));
  EXPECT_EQ(test->data_keys().master().value(), MasterKeys::read(master_)->id());
}

TEST_F(TenantKeysTest, AnotherMasterKeyOpensNothing) {
  const DataKey key = keys_->for_writing(picture()).value();
  const std::filesystem::path other = test.folder.path() / "other.key";
  ASSERT_TRUE(MasterKeys::make().write(other, true));
  EXPECT_EQ(start_with(other).error().code, Code::unavailable);
  // Taken away while the server runs: what it has read still opens, a new start does not.
  std::filesystem::rename(other, master_);
  EXPECT_EQ(keys_->for_reading(picture(), key.id)->secret, key.secret);
  EXPECT_EQ(start_with(master_).error().code, Code::unavailable);
}

TEST_F(TenantKeysTest, AMissingMasterKeyIsAnError) {
  ASSERT_TRUE(keys_->for_writing(picture()));
  std::filesystem::remove(master_);
  EXPECT_EQ(start_with(master_).error().code, Code::not_found);
}

TEST_F(TenantKeysTest, WhatAForgottenKeyEncryptedIsGone) {
  const DataKey key = keys_->for_writing(picture()).value();
  ASSERT_EQ(test->data_keys().forget(test.tenant.id, kTestTime, {}).value(), 1);
  EXPECT_EQ(keys_->for_reading(picture(), key.id).error().code, Code::not_found);
  EXPECT_NE(keys_->for_writing(picture())->id, key.id);
}

}  // namespace
}  // namespace limner
