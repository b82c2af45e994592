#include "base/folder_lock.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <optional>

namespace limner {
namespace {

class FolderLockTest : public testing::Test {
 protected:
  FolderLockTest() {
    std::string name = (std::filesystem::temp_directory_path() / "limner-lock-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~FolderLockTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path folder_;
};

TEST_F(FolderLockTest, IsHeldByOneAtATime) {
  std::optional<Result<FolderLock>> first(lock_folder(folder_));
  ASSERT_TRUE(first->has_value());
  EXPECT_EQ(lock_folder(folder_).error().code, Code::conflict);
  first.reset();
  EXPECT_TRUE(lock_folder(folder_));
}

TEST_F(FolderLockTest, NeedsAFolder) {
  EXPECT_EQ(lock_folder(folder_ / "none").error().code, Code::not_found);
}

}  // namespace
}  // namespace limner
