// Writes that share a commit do not share their failures.

#include "ledger/sqlite/writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "ledger/ledger_fixture.h"

namespace limner::sqlite {
namespace {

class WriterTest : public testing::Test {
 protected:
  WriterTest() : writer_(open()) {
    EXPECT_TRUE(
        writer_.run([](Connection& db) { return db.execute("CREATE TABLE numbers (n INTEGER UNIQUE)"); }));
  }
  Connection open() {
    Connection db = Connection::open(folder_.path() / "db", Connection::Mode::create).value();
    EXPECT_TRUE(db.execute("PRAGMA journal_mode = WAL"));
    return db;
  }
  Result<void> add(int number) {
    return writer_.run([&](Connection& db) -> Result<void> {
      TRY(db.run("INSERT INTO numbers VALUES (?)", {number}));
      return {};
    });
  }
  int64_t count() {
    return writer_.run_for([](Connection& db) { return db.integer("SELECT count(*) FROM numbers"); }).value();
  }
  LedgerFolder folder_;
  Writer writer_;
};

TEST_F(WriterTest, UndoesOneThatFailed) {
  const Result<void> failed = writer_.run([](Connection& db) -> Result<void> {
    TRY(db.run("INSERT INTO numbers VALUES (1)"));
    return invalid("x", "changed its mind");
  });
  EXPECT_EQ(failed.error().field, "x");
  EXPECT_EQ(count(), 0);
}

TEST_F(WriterTest, TurnsExceptionsIntoErrors) {
  const Result<void> failed = writer_.run([](Connection& db) -> Result<void> {
    TRY(db.run("INSERT INTO numbers VALUES (1)"));
    throw std::runtime_error("surprise");
  });
  EXPECT_EQ(failed.error().code, Code::internal);
  EXPECT_EQ(count(), 0);
}

TEST_F(WriterTest, FailuresTouchNoOthersOfTheirGroup) {
  constexpr int kThreads = 8, kTries = 50;
  std::atomic<int> conflicts = 0, wrong = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&] {
      // All threads write the same numbers: one of them gets each.
      for (int i = 0; i < kTries; ++i) {
        const Result<void> added = add(i);
        if (!added) ++(added.error().code == Code::conflict ? conflicts : wrong);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count(), kTries);
  EXPECT_EQ(conflicts, (kThreads - 1) * kTries);
  EXPECT_EQ(wrong, 0);
}

TEST_F(WriterTest, ALostTransactionIsLostForAllAndTheNextOneWorks) {
  // A deferred reference is looked at by the commit.
  ASSERT_TRUE(writer_.run([](Connection& db) {
    return db.execute(
        "CREATE TABLE pointers (n INTEGER REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED)");
  }));
  const Result<void> failed = writer_.run([](Connection& db) -> Result<void> {
    TRY(db.run("INSERT INTO pointers VALUES (5)"));
    return {};
  });
  EXPECT_EQ(failed.error().code, Code::not_found);
  EXPECT_TRUE(add(5));
  EXPECT_EQ(count(), 1);
}

TEST_F(WriterTest, FullDisksChangeNothing) {
  // No page more than there are now.
  ASSERT_TRUE(writer_.run([](Connection& db) -> Result<void> {
    TRY(db.integer("PRAGMA max_page_count = 1"));
    return {};
  }));
  int added = 0;
  Result<void> last;
  while (last && added < 100'000) {
    last = add(added);
    if (last) ++added;
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, Code::exhausted) << last.error().text();
  EXPECT_EQ(count(), added);
  ASSERT_TRUE(writer_.run([](Connection& db) -> Result<void> {
    TRY(db.integer("PRAGMA max_page_count = 1000000"));
    return {};
  }));
  EXPECT_TRUE(add(added));
}

}  // namespace
}  // namespace limner::sqlite
