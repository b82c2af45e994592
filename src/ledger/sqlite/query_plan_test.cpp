// Every statement finds its rows by an index.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <mutex>
#include <set>

#include "ledger/ledger_fixture.h"
#include "ledger/sqlite/connection.h"

namespace limner {
namespace {

// What all connections of this process run while it lives.
class StatementLog {
 public:
  StatementLog() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch)); }
  ~StatementLog() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(watch)); }
  std::set<std::string> statements() {
    const std::lock_guard lock(state().mutex);
    return state().statements;
  }

 private:
  struct State {
    std::mutex mutex;
    std::set<std::string> statements;
  };
  static State& state() {
    static State all;
    return all;
  }
  static int watch(sqlite3* db, char**, const void*) {
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, note, nullptr);
  }
  static int note(unsigned, void*, void* statement, void*) {
    if (const char* sql = sqlite3_sql(static_cast<sqlite3_stmt*>(statement))) {
      const std::lock_guard lock(state().mutex);
      state().statements.insert(sql);
    }
    return 0;
  }
};

// Small tables, and indexes that only hold what is wanted: reading these from end to end is right.
bool may_be_scanned(const std::string& step) {
  for (const char* allowed :
       {"SCAN tenants", "SCAN kept_stages", "SCAN probe", "SCAN audit_head", "SCAN audit_keys",
        "SCAN audit_checkpoints", "SCAN json_each", "SCAN sqlite_master", "USING INDEX jobs_waiting",
        "USING COVERING INDEX jobs_waiting", "USING INDEX jobs_leased", "USING COVERING INDEX jobs_leased",
        "USING INDEX batches_unfinished", "SCAN CONSTANT ROW",
        "SCAN jobs USING INDEX sqlite_autoindex_jobs_1", "SCAN (subquery", "SCAN (join"})
    if (step.find(allowed) != std::string::npos) return true;
  return false;
}

class QueryPlanTest : public testing::Test {
 protected:
  void use_everything() {
    Job job = test.job();
    job.tags = {"x"};
    job.webhook_url = "https://example.org/";
    JobTable& jobs = test->jobs();
    const Idempotency once{"t", "k", "f", kTestTime + kDayUs};
    jobs.accept(job, once).value();
    jobs.find_repeated(once, kTestTime).value();
    jobs.queued("", 5).value();
    jobs.queued(job.id, 5).value();
    jobs.position(job).value();
    jobs.depths().value();
    jobs.begin(job.id, "me", kTestTime + 1, kTestTime).value();
    jobs.renew_leases("me", kTestTime + 2).value();
    jobs.lease_owners().value();
    jobs.reclaim(kTestTime, "").value();
    JobEnd end = test_end(job, "me", JobState::stored, kTestTime, 5);
    end.webhook_body = "{}";
    end.pictures[0].mark = {.watermark_bits = 40, .watermark = 1, .pdq = std::string(64, 'a')};
    jobs.end(end).value();
    jobs.ended_with_kept(kTestTime, 5).value();
    jobs.clear_kept(job.id).value();
    for (const std::string& tenant : {std::string(), test.tenant.id}) {
      jobs.search({.tenant = tenant}).value();
      jobs.search({.tenant = tenant, .text = "apple"}).value();
      jobs.search({.tenant = tenant, .tag = "x"}).value();
      jobs.search({.tenant = tenant, .batch = "b"}).value();
      jobs.search({.tenant = tenant, .seed = 1}).value();
      jobs.search({.tenant = tenant, .states = {JobState::stored}, .from = 1, .before = job.id}).value();
      test->usage().sums({.tenant = tenant}).value();
    }
    test->pictures().of_job(job.id).value();
    test->pictures().live_keys({"a"}).value();
    test->pictures().marked_with(1, 40, 5).value();
    test->pictures().hashed_as(test->pictures().hashes_after(0, 0, 5).value().at(0).number).value();
    test->pictures().beyond_retention(kTestTime, 5).value();
    test->pictures().add_sent(end.pictures[0].id, 5, 5);
    test->tenants().touch_key(test.key.id, kTestTime);
    test->flush().value();
    test->tenants().find_key_by_secret(test.key.secret_sha256).value();
    test->tenants().list_keys(test.tenant.id).value();
    test->deliveries().due(kTestTime, 5).value();
    test->uploads().list(test.tenant.id, "", 5, "").value();
    test->uploads().beyond_retention(kTestTime, 5).value();
    test->audit().list({.action = "key.create", .before = 9}).value();
    test->audit().list({.about = test.key.id}).value();
    test->audit().read(0, 5).value();
    test->audit().prove(0).value();
    test->audit().erase("nobody", {}).value();
    test->incidents().holding(kTestTime).value();
    test->incidents().list(5, "").value();
    test->incidents().jobs_ended(0, kTestTime, 5).value();
    DataKeyTable& keys = test->data_keys();
    keys.keep({"dky_1", test.tenant.id, "m", "w", kTestTime, 0}).value();
    keys.current(test.tenant.id).value();
    keys.find("dky_1").value();
    keys.forget(test.tenant.id, kTestTime, {}).value();
    test->batches().unfinished().value();
    test->batches().list(test.tenant.id, 5, "").value();
    static_cast<void>(test->batches().find_by_file(test.tenant.id, "file_none"));
    test->batches().open_items("b", 5).value();
  }

  std::vector<std::string> plan(const std::string& sql) {
    sqlite::Connection db =
        sqlite::Connection::open(test.config().path, sqlite::Connection::Mode::write).value();
    sqlite3_stmt* statement = nullptr;
    std::vector<std::string> steps;
    if (sqlite3_prepare_v2(db.handle(), ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &statement, nullptr) !=
        SQLITE_OK)
      return steps;
    while (sqlite3_step(statement) == SQLITE_ROW)
      steps.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3)));
    sqlite3_finalize(statement);
    return steps;
  }

  StatementLog log;
  TestLedger test;
};

TEST_F(QueryPlanTest, HasNoScanOfWhatGrows) {
  use_everything();
  const std::set<std::string> statements = log.statements();
  ASSERT_GT(statements.size(), 60u);
  for (const std::string& sql : statements) {
    if (!sql.starts_with("SELECT") && !sql.starts_with("UPDATE") && !sql.starts_with("DELETE")) continue;
    // Of a migration: once, over keys.
    if (sql.find("SET admin_since = created") != std::string::npos) continue;
    const bool sums = sql.find("FROM usage WHERE finished") != std::string::npos;
    for (const std::string& step : plan(sql)) {
      EXPECT_TRUE(!step.starts_with("SCAN") || may_be_scanned(step)) << step << "\n  in " << sql;
      EXPECT_TRUE(sums || step.find("TEMP B-TREE") == std::string::npos) << step << "\n  in " << sql;
    }
  }
}

}  // namespace
}  // namespace limner
