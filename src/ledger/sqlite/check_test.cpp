// Every rule finds what breaks it.

#include <set>

#include "ledger/sqlite/connection.h"
#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

class CheckTest : public JobTest {
 protected:
  void SetUp() override {
    waiting_ = accept();
    stored_ = begin(accept());
    ASSERT_TRUE(end(stored_, JobState::stored));
    expect_consistent();
  }
  std::set<std::string> rules(const ObjectExists& exists = {}) {
    std::set<std::string> rules;
    const std::vector<Disagreement> found = check_ledger(test.config(), exists).value();
    for (const Disagreement& each : found) rules.insert(each.rule);
    return rules;
  }
  // The rules that are broken after `sql` with the id in place of its '?'.
  std::set<std::string> after(const std::string& sql, const std::string& id) {
    sqlite::Connection db =
        sqlite::Connection::open(test.config().path, sqlite::Connection::Mode::write).value();
    EXPECT_TRUE(db.execute("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON"));
    EXPECT_TRUE(db.run(sql, {id}));
    return rules();
  }
  using Rules = std::set<std::string>;
  Job waiting_, stored_;
};

TEST_F(CheckTest, FindsAMissingUsageRow) {
  EXPECT_TRUE(after("DELETE FROM usage WHERE job = ?", stored_.id).count("usage_row_per_ended_job"));
}

TEST_F(CheckTest, FindsAUsageRowTooMany) {
  EXPECT_TRUE(
      after("INSERT INTO usage SELECT ?, tenant, api_key, model, tier, state, finished, 0, 0, 0, 0, 0, 0"
            " FROM usage",
            waiting_.id)
          .count("ended_job_per_usage_row"));
}

TEST_F(CheckTest, FindsAMissingPicture) {
  EXPECT_EQ(after("DELETE FROM pictures WHERE job = ?", stored_.id),
            (Rules{"pictures_of_stored_job", "usage_sums_up_pictures", "pictures_of_day_are_counted"}));
}

TEST_F(CheckTest, FindsAPictureOfAJobThatHasNone) {
  EXPECT_TRUE(after("UPDATE pictures SET job = ?", waiting_.id).count("picture_belongs_to_stored_job"));
}

TEST_F(CheckTest, FindsWrongSums) {
  EXPECT_EQ(after("UPDATE usage SET pixels = pixels + 1 WHERE job = ?", stored_.id),
            Rules{"usage_sums_up_pictures"});
}

TEST_F(CheckTest, FindsMoneyThatDoesNotAddUp) {
  EXPECT_EQ(after("UPDATE usage SET cost_micros = cost_micros + 1 WHERE job = ?", stored_.id),
            Rules{"usage_sums_up_charges"});
}

TEST_F(CheckTest, FindsWrongCounters) {
  EXPECT_EQ(after("UPDATE spending SET spent = spent + 1 WHERE subject = ?", test.key.id),
            Rules{"spending_is_the_sum_of_charges"});
}

TEST_F(CheckTest, FindsAForgottenReservation) {
  EXPECT_EQ(after("UPDATE open_work SET reserved = 0 WHERE subject = ?", test.tenant.id),
            Rules{"open_work_is_the_sum_of_open_jobs"});
}

TEST_F(CheckTest, FindsWrongLeases) {
  EXPECT_TRUE(
      after("UPDATE jobs SET lease_owner = 'x' WHERE id = ?", waiting_.id).count("lease_of_job_in_work"));
}

TEST_F(CheckTest, FindsRowsThatPointToNothing) {
  EXPECT_TRUE(after("DELETE FROM jobs WHERE id = ?", stored_.id).count("reference_exists"));
}

TEST_F(CheckTest, FindsMissingObjects) {
  const ObjectExists nothing = [](const std::string&, uint64_t) -> Result<bool> { return false; };
  const ObjectExists all = [](const std::string&, uint64_t bytes) -> Result<bool> { return bytes == 1000; };
  EXPECT_EQ(rules(nothing), Rules{"picture_object_exists"});
  EXPECT_EQ(rules(all), Rules{});
  const PictureRow picture = test->pictures().of_job(stored_.id).value().at(0);
  ASSERT_TRUE(test->pictures().mark_deleted(picture.id, kTestTime));
  EXPECT_EQ(rules(nothing), Rules{});
}

TEST_F(CheckTest, SaysThatTheStoreCannotBeAsked) {
  const ObjectExists away = [](const std::string&, uint64_t) -> Result<bool> {
    return Error{Code::unavailable, "store", "is away", {}};
  };
  EXPECT_EQ(check_ledger(test.config(), away).error().code, Code::unavailable);
  EXPECT_EQ(check_ledger({test.folder.path() / "none"}, {}).error().code, Code::not_found);
}

}  // namespace
}  // namespace limner
