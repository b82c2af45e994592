#include "base/memory.h"

#include <gtest/gtest.h>

#include <fstream>

namespace limner {
namespace {

namespace fs = std::filesystem;

class Memory : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    write("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    4000 kB\n");
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const fs::path& path, std::string_view text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  fs::path root_;
};

TEST_F(Memory, OfThisMachineIsPlausible) {
  EXPECT_GT(available_memory_bytes(), 1u << 20);
  EXPECT_GT(peak_memory_bytes(), 1u << 20);
  EXPECT_GE(usable_cores(), 1);
}

TEST_F(Memory, WithoutLimitsIsWhatTheSystemHas) {
  EXPECT_EQ(available_memory_bytes(root_), 4000u * 1024);
  write("proc/self/cgroup", "0::/a\n");
  write("sys/fs/cgroup/a/memory.max", "max\n");
  write("sys/fs/cgroup/a/memory.current", "5\n");
  EXPECT_EQ(available_memory_bytes(root_), 4000u * 1024);
}

TEST_F(Memory, OuterGroupsBindToo) {
  write("proc/self/cgroup", "0::/a/b\n");
  write("sys/fs/cgroup/a/memory.max", "100000\n");
  write("sys/fs/cgroup/a/memory.current", "70000\n");
  write("sys/fs/cgroup/a/memory.stat", "anon 40000\ninactive_file 20000\n");
  EXPECT_EQ(available_memory_bytes(root_), 50000u);
}

TEST_F(Memory, KnowsVersionOne) {
  write("proc/self/cgroup", "4:memory:/job\n1:cpu,cpuacct:/job\n");
  write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1000000\n");
  write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "2000000\n");
  EXPECT_EQ(available_memory_bytes(root_), 0u);
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "50000\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(usable_cores(root_), 1);
}

TEST_F(Memory, QuotaOfCoresIsRoundedUp) {
  const int all = usable_cores(root_);
  write("proc/self/cgroup", "0::/a\n");
  write("sys/fs/cgroup/a/cpu.max", "max 100000\n");
  EXPECT_EQ(usable_cores(root_), all);
  write("sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  EXPECT_EQ(usable_cores(root_), std::min(all, 2));
}

}  // namespace
}  // namespace limner
