#include "ledger/sqlite/text_seal.h"

#include <gtest/gtest.h>

#include "base/aead.h"
#include "base/crypto.h"
#include "base/files.h"
#include "ledger/ledger_fixture.h"

namespace limner::sqlite {
namespace {

/// Keys whose wrapping is none.
class BareTextKeys final : public TextKeys {
 public:
  Result<WrappedDataKey> make(std::string_view tenant, std::string_view) override {
    return WrappedDataKey{
        new_id("dky"), std::string(tenant), "m1", to_base64(random_bytes(kAeadKeyBytes)), kTestTime, 0};
  }
  Result<std::string> unwrap(const WrappedDataKey& key) override {
    return from_base64(key.wrapped, "key", kAeadKeyBytes);
  }
};

class TextSealTest : public testing::Test {
 protected:
  void seal_from_now_on() {
    test.text_keys = &keys_;
    test.open();
  }
  Job accepted(const std::string& prompt) {
    Job job = test.job();
    job.prompt = prompt;
    job.request = {{"prompt", prompt}};
    return test->jobs().accept(job, {})->job;
  }
  Result<int> change(const std::string& sql) {
    Connection db = TRY(Connection::open(test.config().path, Connection::Mode::write));
    return db.run(sql);
  }
  // What lies in the database and its log.
  bool lies_there(std::string_view word) {
    std::string all = read_file(test.config().path, 1u << 30).value();
    if (const auto log = read_file(test.config().path.string() + "-wal", 1u << 30)) all += *log;
    return all.find(word) != std::string::npos;
  }
  std::vector<std::string> broken_rules() {
    std::vector<std::string> rules;
    const std::vector<Disagreement> found = check_ledger(test.config(), {}).value();
    for (const Disagreement& each : found) rules.push_back(each.rule);
    return rules;
  }

  BareTextKeys keys_;
  TestLedger test;
};

TEST_F(TextSealTest, WithoutKeysTextsLieAsTheyAre) {
  accepted("a heliotrope apple");
  EXPECT_TRUE(lies_there("heliotrope"));
}

TEST_F(TextSealTest, WithKeysNobodyReadsThemFromTheFile) {
  seal_from_now_on();
  const Job job = accepted("a heliotrope apple");
  EXPECT_FALSE(lies_there("heliotrope"));
  const Job found = test->jobs().find(job.id).value();
  EXPECT_EQ(found.prompt, "a heliotrope apple");
  EXPECT_EQ(found.request["prompt"], "a heliotrope apple");
  EXPECT_EQ(found.unreadable, "");
  EXPECT_EQ(broken_rules(), std::vector<std::string>());
}

TEST_F(TextSealTest, AMovedOrChangedTextIsAnErrorOfItsJobAlone) {
  seal_from_now_on();
  const Job one = accepted("one"), two = accepted("two");
  ASSERT_TRUE(change("UPDATE jobs SET request = (SELECT request FROM jobs WHERE id = '" + two.id +
                     "') WHERE id = '" + one.id + "'"));
  const Job moved = test->jobs().find(one.id).value();
  EXPECT_NE(moved.unreadable.find("jobs.request"), std::string::npos) << moved.unreadable;
  EXPECT_TRUE(moved.request.is_null());
  EXPECT_EQ(test->jobs().find(two.id)->unreadable, "");
  EXPECT_EQ(test->jobs().search({}).value().jobs.size(), 2u);
  EXPECT_EQ(broken_rules(), std::vector<std::string>{"text_opens"});
  // In a ledger that was encrypted from its first day, a text that is not sealed is somebody else's.
  ASSERT_TRUE(change("UPDATE jobs SET request = '{\"prompt\":\"x\"}' WHERE id = '" + one.id + "'"));
  EXPECT_NE(test->jobs().find(one.id)->unreadable, "");
}

TEST_F(TextSealTest, ASearchLooksIntoThem) {
  seal_from_now_on();
  const Job apple = accepted("a Red apple, 100%");
  accepted("a green pear");
  const auto found = [&](const std::string& text) {
    std::vector<std::string> ids;
    const JobPage page = test->jobs().search({.tenant = test.tenant.id, .text = text}).value();
    for (const Job& job : page.jobs) ids.push_back(job.id);
    return ids;
  };
  EXPECT_EQ(found("red APPLE"), std::vector<std::string>{apple.id});
  EXPECT_EQ(found("0%"), std::vector<std::string>{apple.id});
  EXPECT_EQ(found("a%e").size(), 0u);
  EXPECT_EQ(found("a ").size(), 2u);
  const JobPage first = test->jobs().search({.text = "a ", .limit = 1}).value();
  ASSERT_EQ(first.jobs.size(), 1u);
  const JobPage second = test->jobs().search({.text = "a ", .before = first.next, .limit = 1}).value();
  ASSERT_EQ(second.jobs.size(), 1u);
  EXPECT_EQ(second.jobs[0].id, apple.id);
  EXPECT_EQ(test->jobs().search({.text = "a ", .before = second.next}).value().next, "");
}

TEST_F(TextSealTest, WhatWasThereBeforeIsSealedOnRequest) {
  const Job old = accepted("a heliotrope apple");
  seal_from_now_on();
  EXPECT_EQ(test->jobs().find(old.id)->prompt, "a heliotrope apple");
  EXPECT_EQ(test->seal_texts().value(), 2);
  EXPECT_EQ(test->seal_texts().value(), 0);
  ASSERT_TRUE(test->settle());
  EXPECT_FALSE(lies_there("heliotrope"));
  EXPECT_EQ(test->jobs().find(old.id)->prompt, "a heliotrope apple");
  EXPECT_EQ(broken_rules(), std::vector<std::string>());
}

TEST_F(TextSealTest, AForgottenKeyLeavesRowsWithoutTexts) {
  seal_from_now_on();
  const Job job = accepted("a heliotrope apple");
  ASSERT_EQ(test->data_keys().forget(test.tenant.id, kTestTime, {}).value(), 1);
  const Job found = test->jobs().find(job.id).value();
  EXPECT_EQ(found.prompt, "");
  EXPECT_NE(found.unreadable.find("forgotten"), std::string::npos);
  EXPECT_EQ(test->jobs().search({.text = "heliotrope"}).value().jobs.size(), 0u);
  EXPECT_EQ(broken_rules(), std::vector<std::string>());
  // And the tenant's next text has a new key.
  EXPECT_EQ(test->jobs().find(accepted("next").id)->prompt, "next");
}

TEST_F(TextSealTest, WithoutTheKeyNothingIsReadOrWritten) {
  seal_from_now_on();
  const Job job = accepted("a red apple");
  test.text_keys = nullptr;
  test.open();
  EXPECT_EQ(test->jobs().find(job.id).error().field, "encryption.master_key");
  EXPECT_EQ(test->jobs().accept(test.job(), {}).error().field, "encryption.master_key");
}

}  // namespace
}  // namespace limner::sqlite
