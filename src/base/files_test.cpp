#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "base/sha256.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  static Result<void> write(const fs::path& path, std::string_view text) {
    return write_file_atomically(path, std::as_bytes(std::span(text)));
  }
  size_t files_in_folder() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  fs::path folder_;
};

TEST_F(Files, WhatIsWrittenIsRead) {
  ASSERT_TRUE(write(folder_ / "a", "first"));
  ASSERT_TRUE(write(folder_ / "a", "second"));
  EXPECT_EQ(read_file(folder_ / "a", 6).value(), "second");
  EXPECT_EQ(read_file(folder_ / "a", 5).error().code, Code::too_large);
  EXPECT_EQ(read_file(folder_ / "b", 5).error().code, Code::not_found);
  EXPECT_EQ(files_in_folder(), 1u);
  ASSERT_TRUE(write(folder_ / "empty", ""));
  EXPECT_EQ(read_file(folder_ / "empty", 0).value(), "");
  EXPECT_TRUE(read_file("/proc/self/status", 1 << 20).value().find("VmRSS") != std::string::npos);
}

TEST_F(Files, WhatIsNoRegularFileIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  for (const fs::path& path : {folder_ / "fifo", folder_, fs::path("/dev/zero")}) {
    EXPECT_EQ(read_file(path, 10).error().code, Code::invalid) << path;
    EXPECT_EQ(MappedFile::open(path).error().code, Code::invalid) << path;
    EXPECT_EQ(sha256_file(path).error().code, Code::invalid) << path;
    EXPECT_EQ(check_writable(path).error().code, Code::invalid) << path;
    EXPECT_FALSE(write(path, "x")) << path;
  }
}

TEST_F(Files, WritableIsKnownBeforehand) {
  EXPECT_TRUE(check_writable(folder_ / "new"));
  EXPECT_EQ(check_writable(folder_ / "no" / "new").error().code, Code::not_found);
  EXPECT_EQ(check_writable(folder_ / "").error().code, Code::invalid);
  EXPECT_EQ(check_writable(folder_ / std::string(300, 'n')).error().code, Code::invalid);
  EXPECT_FALSE(check_writable("/proc/new"));
  EXPECT_EQ(files_in_folder(), 0u);
}

TEST_F(Files, FailureToWriteLeavesNothingBehind) {
  fs::create_directory(folder_ / "target");
  EXPECT_FALSE(write(folder_ / "target", "x"));
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(Files, WritesThroughASymbolicLink) {
  ASSERT_TRUE(write(folder_ / "real", "old"));
  fs::create_symlink("real", folder_ / "link");
  ASSERT_TRUE(write(folder_ / "link", "new"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(folder_ / "real", 10).value(), "new");
}

TEST_F(Files, NewFilesObeyTheUmask) {
  const mode_t before = ::umask(027);
  ASSERT_TRUE(write(folder_ / "a", "x"));
  ::umask(before);
  EXPECT_EQ(fs::status(folder_ / "a").permissions(), fs::perms{0640});
}

TEST_F(Files, MappedBytesSurviveReleaseAndRemoval) {
  ASSERT_TRUE(write(folder_ / "a", "bytes"));
  const auto mapped = MappedFile::open(folder_ / "a").value();
  fs::remove(folder_ / "a");
  mapped->release_pages();
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(mapped->bytes().data()), 5), "bytes");
  ASSERT_TRUE(write(folder_ / "empty", ""));
  const auto empty = MappedFile::open(folder_ / "empty").value();
  EXPECT_TRUE(empty->bytes().empty());
  empty->release_pages();
}

}  // namespace
}  // namespace limner
