#include "base/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "base/files.h"
#include "base/ids.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

class SecretFile : public testing::Test {
 protected:
  void SetUp() override { fs::create_directory(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  std::string text() const { return read_file(path_, 1024).value(); }
  mode_t mode() const {
    struct stat status {};
    EXPECT_EQ(::stat(path_.c_str(), &status), 0);
    return status.st_mode & 0777;
  }
  size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  const fs::path folder_ = fs::temp_directory_path() / new_id("secret");
  const fs::path path_ = folder_ / "key";
};

TEST_F(SecretFile, IsItsOwnersAlone) {
  const mode_t before = ::umask(0);
  EXPECT_TRUE(make_secret_file(path_, "one").value());
  ::umask(before);
  EXPECT_EQ(text(), "one");
  EXPECT_EQ(mode(), 0600u);
  EXPECT_EQ(files(), 1u);
}

TEST_F(SecretFile, IsNotMadeTwice) {
  ASSERT_TRUE(make_secret_file(path_, "one").value());
  EXPECT_FALSE(make_secret_file(path_, "two").value());
  EXPECT_EQ(text(), "one");
  EXPECT_EQ(files(), 1u);
}

TEST_F(SecretFile, OneOfManyMakesIt) {
  std::vector<std::thread> threads;
  std::atomic<int> made = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] { made += make_secret_file(path_, std::string(100, 'a' + i)).value(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(text(), std::string(100, text()[0]));
  EXPECT_EQ(files(), 1u);
}

TEST_F(SecretFile, IsReplacedWhole) {
  ASSERT_TRUE(make_secret_file(path_, "one").value());
  fs::create_symlink(path_, folder_ / "link");
  ASSERT_TRUE(replace_secret_file(folder_ / "link", "another"));
  EXPECT_EQ(text(), "another");
  EXPECT_EQ(mode(), 0600u);
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(files(), 2u);
}

TEST_F(SecretFile, SaysWhereItCannotBe) {
  const fs::path nowhere = folder_ / "missing" / "key";
  EXPECT_EQ(make_secret_file(nowhere, "one").error().field, nowhere.string());
  EXPECT_EQ(replace_secret_file(nowhere, "one").error().field, nowhere.string());
}

}  // namespace
}  // namespace limner
