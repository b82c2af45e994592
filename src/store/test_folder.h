#pragma once
// An empty folder for a test.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace limner {

/// Removed with everything in it.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = parent() + "/limner-store-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  // In memory where the system has such a place: what is tested syncs a lot.
  static std::string parent() {
    const char* memory = "/dev/shm";
    return ::access(memory, W_OK) == 0 ? memory : testing::TempDir();
  }

  std::filesystem::path path_;
};

}  // namespace limner
