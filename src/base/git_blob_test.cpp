#include "base/git_blob.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

TEST(GitBlob, IsWhatGitHashObjectSays) {
  EXPECT_EQ(git_blob_sha1(""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(git_blob_sha1("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
}

}  // namespace
}  // namespace limner
