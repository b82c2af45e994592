// Backups and what is made of them.

#include "ledger/sqlite/backup.h"

#include <atomic>
#include <fstream>
#include <thread>

#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

class BackupTest : public JobTest {
 protected:
  std::filesystem::path backup_ = test.folder.path() / "backup.sqlite";
  std::filesystem::path other_ = test.folder.path() / "other.sqlite";
};

TEST_F(BackupTest, IsOneFileThatSaysAll) {
  const Job job = accept();
  ASSERT_TRUE(test->backup(backup_));
  accept();
  EXPECT_EQ(test->backup(backup_).error().code, Code::conflict);
  ASSERT_TRUE(restore_ledger(backup_, other_, false));
  const auto restored = open_ledger({other_, Durability::process}, test.clock).value();
  EXPECT_TRUE(restored->jobs().find(job.id));
  EXPECT_EQ(restored->jobs().queued("", 10).value().size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(backup_.string() + "-wal"));
}

TEST_F(BackupTest, IsConsistentWhileOthersWrite) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) {
      const Job job = begin(accept());
      EXPECT_TRUE(end(job, JobState::stored));
    }
  });
  for (int i = 0; i < 5; ++i) {
    const std::filesystem::path path = test.folder.path() / std::to_string(i);
    EXPECT_TRUE(test->backup(path));
    EXPECT_TRUE(check_ledger({path}, {}).value().empty());
  }
  stop = true;
  writer.join();
}

TEST_F(BackupTest, ReplacesALedgerOnlyWhenTold) {
  const Job before = accept();
  ASSERT_TRUE(test->backup(backup_));
  const Job after = accept();
  test.ledger.reset();
  EXPECT_EQ(restore_ledger(backup_, test.config().path, false).error().code, Code::conflict);
  ASSERT_TRUE(restore_ledger(backup_, test.config().path, true));
  test.open();
  EXPECT_TRUE(jobs().find(before.id));
  EXPECT_FALSE(jobs().find(after.id));
  expect_consistent();
}

TEST_F(BackupTest, ReplacesADamagedLedgerAndItsLog) {
  const Job before = accept();
  ASSERT_TRUE(test->backup(backup_));
  std::filesystem::copy_file(test.config().path.string() + "-wal", test.folder.path() / "log");
  test.ledger.reset();
  std::ofstream(test.config().path) << std::string(20'000, 'x');
  std::filesystem::copy_file(test.folder.path() / "log", test.config().path.string() + "-wal");
  ASSERT_TRUE(restore_ledger(backup_, test.config().path, true));
  test.open();
  EXPECT_TRUE(jobs().find(before.id));
  expect_consistent();
}

TEST_F(BackupTest, IsCheckedBeforeItIsTrusted) {
  accept();
  ASSERT_TRUE(test->backup(backup_));
  EXPECT_EQ(restore_ledger(test.folder.path() / "none", other_, false).error().code, Code::not_found);
  {
    std::fstream file(backup_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(3 * 4096);
    file << std::string(4096, 'x');
  }
  EXPECT_EQ(restore_ledger(backup_, other_, false).error().code, Code::data_loss);
  EXPECT_FALSE(std::filesystem::exists(other_));
  std::ofstream(backup_) << "no database at all, but some text";
  EXPECT_EQ(restore_ledger(backup_, other_, false).error().code, Code::data_loss);
  std::ofstream(backup_).flush();
  EXPECT_EQ(restore_ledger(backup_, other_, false).error().code, Code::unsupported) << "an empty file";
}

}  // namespace
}  // namespace limner
