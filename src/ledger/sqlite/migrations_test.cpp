// What may be opened as a ledger.

#include "ledger/sqlite/migrations.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/files.h"
#include "ledger/ledger_fixture.h"

namespace limner {
namespace {

class OpenLedgerTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Ledger>> open() { return open_ledger({path_, Durability::process}, clock_); }
  void change(const char* sql) {
    sqlite::Connection db = sqlite::Connection::open(path_, sqlite::Connection::Mode::create).value();
    ASSERT_TRUE(db.execute(sql));
  }
  LedgerFolder folder_;
  std::filesystem::path path_ = folder_.path() / "ledger.sqlite";
  ManualClock clock_{kTestTime};
};

TEST_F(OpenLedgerTest, IsMadePrivateAndOpensAgain) {
  ASSERT_TRUE(open());
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_TRUE(open());
}

TEST_F(OpenLedgerTest, NeedsItsFolder) {
  path_ = folder_.path() / "none" / "ledger.sqlite";
  EXPECT_FALSE(open());
}

TEST_F(OpenLedgerTest, RefusesANewerOne) {
  ASSERT_TRUE(open());
  change("PRAGMA user_version = 1000");
  const Error error = open().error();
  EXPECT_EQ(error.code, Code::unsupported);
  EXPECT_NE(error.message.find("1000"), std::string::npos) << error.text();
}

TEST_F(OpenLedgerTest, RefusesAnothersDatabase) {
  change("CREATE TABLE songs (title TEXT)");
  EXPECT_EQ(open().error().code, Code::unsupported);
}

TEST_F(OpenLedgerTest, SaysThatItIsDamaged) {
  std::ofstream(path_) << std::string(8192, 'x');
  EXPECT_EQ(open().error().code, Code::data_loss);
}

TEST_F(OpenLedgerTest, OneOfHalfItsPagesIsDamaged) {
  ASSERT_TRUE(open());
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
  const Result<std::vector<Disagreement>> checked = check_ledger({path_}, {});
  EXPECT_TRUE(!checked ? checked.error().code == Code::data_loss : !checked->empty());
}

}  // namespace
}  // namespace limner
