#include "audit/log_key.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

namespace limner {
namespace {

class LogKeyTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "limner-key-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(LogKeyTest, IsMadeOnceForItsOwnerAlone) {
  const std::filesystem::path path = folder_ / "audit.key";
  EXPECT_FALSE(read_log_key(path).value().has_value());
  const NoteSigner made = read_or_make_log_key(path).value();
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(read_or_make_log_key(path).value().text(), made.text());
  EXPECT_EQ(read_log_key(path).value()->text(), made.text());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(LogKeyTest, IsNotReplacedWhenItIsBroken) {
  const std::filesystem::path path = folder_ / "audit.key";
  std::ofstream(path) << "PRIVATE+KEY+half";
  EXPECT_EQ(read_or_make_log_key(path).error().code, Code::invalid);
}

TEST_F(LogKeyTest, NeedsItsFolder) {
  EXPECT_EQ(read_or_make_log_key(folder_ / "none" / "audit.key").error().code, Code::not_found);
}

}  // namespace
}  // namespace limner
