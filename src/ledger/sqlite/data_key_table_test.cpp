// Wrapped data keys: one a tenant, all under one master key, forgotten for good.

#include <gtest/gtest.h>

#include "base/files.h"
#include "ledger/ledger_fixture.h"

namespace limner {
namespace {

class DataKeyTableTest : public testing::Test {
 protected:
  WrappedDataKey fresh(const std::string& master = "m1") {
    return {new_id("dky"), test.tenant.id, master, "wrapped-" + master, test.clock.now(), 0};
  }
  DataKeyTable& keys() { return test->data_keys(); }
  std::string last_leaf() { return test->audit().list({.limit = 1})->at(0).leaf; }
  TestLedger test;
};

TEST_F(DataKeyTableTest, ATenantHasOne) {
  EXPECT_EQ(keys().master().value(), "");
  EXPECT_FALSE(keys().current(test.tenant.id).value());
  const WrappedDataKey first = fresh();
  EXPECT_EQ(keys().keep(first)->id, first.id);
  EXPECT_NE(last_leaf().find("encryption.key"), std::string::npos);
  EXPECT_EQ(keys().keep(fresh())->id, first.id);
  EXPECT_EQ(keys().current(test.tenant.id).value()->wrapped, "wrapped-m1");
  EXPECT_EQ(keys().find(first.id)->tenant, test.tenant.id);
  EXPECT_EQ(keys().find("dky_none").error().code, Code::not_found);
  EXPECT_EQ(keys().master().value(), "m1");
  EXPECT_EQ(keys().list()->size(), 1u);
}

TEST_F(DataKeyTableTest, AllAreWrappedByOneMasterKey) {
  ASSERT_TRUE(keys().keep(fresh()));
  Tenant other;
  other.name = "dye";
  other = test->tenants().create(other).value();
  WrappedDataKey theirs = fresh("m2");
  theirs.tenant = other.id;
  EXPECT_EQ(keys().keep(theirs).error().code, Code::conflict);
  EXPECT_FALSE(keys().current(other.id).value());
}

TEST_F(DataKeyTableTest, ARotationChangesAllOrNone) {
  const WrappedDataKey first = keys().keep(fresh()).value();
  const auto fails = [](const WrappedDataKey&) -> Result<std::string> {
    return Error{Code::data_loss, "data key", "is not what was wrapped", {}};
  };
  EXPECT_EQ(keys().rewrap("m2", fails, {}).error().code, Code::data_loss);
  EXPECT_EQ(keys().master().value(), "m1");
  const auto wraps = [](const WrappedDataKey& key) -> Result<std::string> { return key.wrapped + "-again"; };
  EXPECT_EQ(keys().rewrap("m2", wraps, {"person", "ada"}).value(), 1);
  const WrappedDataKey now = keys().find(first.id).value();
  EXPECT_EQ(now.master, "m2");
  EXPECT_EQ(now.wrapped, "wrapped-m1-again");
  EXPECT_EQ(keys().master().value(), "m2");
  EXPECT_NE(last_leaf().find("encryption.rotate"), std::string::npos);
  EXPECT_EQ(last_leaf().find("ada"), std::string::npos);
}

TEST_F(DataKeyTableTest, ARotationBindsTheFirstKeyToo) {
  const auto none = [](const WrappedDataKey&) -> Result<std::string> { return std::string(); };
  EXPECT_EQ(keys().rewrap("m2", none, {}).value(), 0);
  EXPECT_EQ(keys().keep(fresh("m1")).error().code, Code::conflict);
  EXPECT_TRUE(keys().keep(fresh("m2")));
}

TEST_F(DataKeyTableTest, AForgottenKeyIsNowhereInTheFile) {
  WrappedDataKey first = fresh();
  first.wrapped = "bm9ib2R5LXNoYWxsLXJlYWQtdGhpcw";
  ASSERT_TRUE(keys().keep(first));
  EXPECT_EQ(keys().forget(test.tenant.id, kTestTime, {"person", "ada"}).value(), 1);
  EXPECT_NE(last_leaf().find("tenant.shred"), std::string::npos);
  EXPECT_EQ(keys().find(first.id)->wrapped, "");
  EXPECT_EQ(keys().find(first.id)->forgotten, kTestTime);
  EXPECT_FALSE(keys().current(test.tenant.id).value());
  EXPECT_EQ(keys().forget(test.tenant.id, kTestTime, {}).value(), 0);
  const WrappedDataKey second = keys().keep(fresh()).value();
  EXPECT_NE(second.id, first.id);
  EXPECT_EQ(keys().list()->size(), 2u);
  // Closed, the write-ahead log is moved into the file and gone.
  test.ledger.reset();
  const std::string file = read_file(test.config().path, 64u << 20).value();
  EXPECT_EQ(file.find(first.wrapped), std::string::npos);
  test.open();
}

TEST_F(DataKeyTableTest, NothingIsForgottenUnderALegalHold) {
  const WrappedDataKey first = keys().keep(fresh()).value();
  test.tenant.legal_hold = true;
  ASSERT_TRUE(test->tenants().update(test.tenant));
  EXPECT_EQ(keys().forget(test.tenant.id, kTestTime, {}).error().code, Code::conflict);
  EXPECT_EQ(keys().current(test.tenant.id).value()->id, first.id);
}

}  // namespace
}  // namespace limner
