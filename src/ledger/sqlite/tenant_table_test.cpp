// Tenants and keys.

#include <gtest/gtest.h>

#include "ledger/ledger_fixture.h"

namespace limner {
namespace {

class TenantTest : public testing::Test {
 protected:
  TenantTable& tenants() { return test->tenants(); }
  TestLedger test;
};

TEST_F(TenantTest, AreMadeWithWhatTheyNeed) {
  Tenant wanted;
  wanted.name = "paper";
  wanted.created = 5;
  wanted.weight = 2.5;
  wanted.limits = {
      .requests_per_minute = 0, .budget_micros = int64_t{1} << 50, .models = {"a"}, .tiers = {"batch"}};
  wanted.retention_days = 7;
  const Tenant made = tenants().create(wanted).value();
  EXPECT_TRUE(is_id(made.id, "ten"));
  EXPECT_TRUE(made.webhook_secret.starts_with("whsec_"));
  const Tenant found = tenants().find_by_name("paper").value();
  EXPECT_EQ(found.id, made.id);
  EXPECT_EQ(found.weight, 2.5);
  EXPECT_EQ(limits_to_json(found.limits), limits_to_json(wanted.limits));
  EXPECT_EQ(found.retention_days, 7);
  EXPECT_FALSE(found.legal_hold);
  EXPECT_EQ(tenants().create(wanted).error().code, Code::conflict);
  EXPECT_EQ(tenants().list().value().size(), 2u);
  EXPECT_EQ(tenants().find("ten_none").error().code, Code::not_found);
}

TEST_F(TenantTest, AreChanged) {
  test.tenant.legal_hold = true;
  test.tenant.disabled = true;
  ASSERT_TRUE(tenants().update(test.tenant));
  EXPECT_TRUE(tenants().find(test.tenant.id).value().legal_hold);
  EXPECT_TRUE(tenants().find(test.tenant.id).value().disabled);
  test.tenant.id = "ten_none";
  EXPECT_EQ(tenants().update(test.tenant).error().code, Code::not_found);
}

TEST_F(TenantTest, KeysAreFoundByTheirSecretOnly) {
  const ApiKey found = tenants().find_key_by_secret(secret_sha256(test.key_text)).value();
  EXPECT_EQ(found.id, test.key.id);
  EXPECT_TRUE(found.allows(Scope::draw)) << "admin includes the others";
  EXPECT_EQ(tenants().find_key_by_secret(secret_sha256("lim_x")).error().code, Code::not_found);
  EXPECT_EQ(tenants().list_keys(test.tenant.id).value().size(), 1u);
  ApiKey strange = make_key("ten_none", "x", 1, 0, 0).key;
  EXPECT_EQ(tenants().create_key(strange).error().code, Code::not_found);
}

TEST_F(TenantTest, KeysRotateWithOverlap) {
  const NewKey fresh = make_key(test.tenant.id, "second", 1, kTestTime, 0);
  ASSERT_TRUE(tenants().rotate_key(test.key.id, fresh.key, kTestTime + 10));
  const ApiKey old = tenants().find_key(test.key.id).value();
  EXPECT_TRUE(old.valid_at(kTestTime + 9));
  EXPECT_FALSE(old.valid_at(kTestTime + 10));
  EXPECT_TRUE(tenants().find_key(fresh.key.id));
  const NewKey third = make_key(test.tenant.id, "third", 1, kTestTime, 0);
  ASSERT_TRUE(tenants().rotate_key(test.key.id, third.key, kTestTime + 20));
  EXPECT_EQ(tenants().find_key(test.key.id).value().expires, kTestTime + 10) << "never later";
  EXPECT_EQ(tenants().rotate_key("key_none", third.key, 1).error().code, Code::not_found);
}

TEST_F(TenantTest, KeysAreRevoked) {
  test.key.revoked = kTestTime;
  ASSERT_TRUE(tenants().update_key(test.key));
  EXPECT_FALSE(tenants().find_key(test.key.id).value().valid_at(kTestTime));
}

TEST_F(TenantTest, KeysRememberTheMinuteOfTheirUse) {
  tenants().touch_key(test.key.id, kTestTime + 61 * kSecondUs);
  tenants().touch_key(test.key.id, kTestTime + 3 * kSecondUs);
  ASSERT_TRUE(test->flush());
  EXPECT_EQ(tenants().find_key(test.key.id).value().used, kTestTime + 60 * kSecondUs);
}

TEST_F(TenantTest, WhatIsDeferredIsWrittenAtTheEnd) {
  tenants().touch_key(test.key.id, kTestTime);
  test.open();
  EXPECT_EQ(tenants().find_key(test.key.id).value().used, kTestTime);
}

}  // namespace
}  // namespace limner
