#include "base/build_id.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace limner {
namespace {

TEST(BuildId, IsWhatTheLinkerNotedInTheProgramsFile) {
  const std::string id = build_id("no such library");
  ASSERT_EQ(id.size() % 2, 0u);
  ASSERT_GE(id.size(), 16u) << id;
  std::string bytes;
  for (size_t i = 0; i < id.size(); i += 2)
    bytes += static_cast<char>(std::stoi(id.substr(i, 2), nullptr, 16));
  const Result<std::string> file = read_file("/proc/self/exe", size_t{1} << 30);
  ASSERT_TRUE(file);
  EXPECT_NE(file->find(std::string("GNU\0", 4) + bytes), std::string::npos) << id;
}

TEST(BuildId, NamesALibraryToo) {
  const std::string alone = build_id("no such library"), with = build_id("libcrypto");
  EXPECT_TRUE(with.starts_with(alone + " ")) << with;
  EXPECT_GT(with.size(), alone.size() + 16);
}

}  // namespace
}  // namespace limner
