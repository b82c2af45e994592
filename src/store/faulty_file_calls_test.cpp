#include "store/faulty_file_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/crypto.h"
#include "base/file_handle.h"

namespace limner {
namespace {

// Which of 2000 writes fail, as 0 or errno.
std::vector<int> outcomes(FileCalls& calls) {
  const FileHandle file(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  std::vector<int> outcomes;
  for (int i = 0; i < 2000; ++i)
    outcomes.push_back(calls.write(file.get(), as_bytes("bytes")) < 0 ? errno : 0);
  return outcomes;
}

auto count(const std::vector<int>& outcomes, int outcome) { return std::ranges::count(outcomes, outcome); }

TEST(FaultyFileCalls, FailAsOftenAsSaidAndAlikeForASeed) {
  const std::vector<int> first = outcomes(*parse_faults("write:0.1,enospc:0.05,seed:7").value());
  const std::vector<int> again = outcomes(*parse_faults("seed:7,enospc:0.05,write:0.1").value());
  const std::vector<int> other = outcomes(*parse_faults("write:0.1,enospc:0.05,seed:8").value());
  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
  EXPECT_NEAR(count(first, EIO), 200, 60);
  EXPECT_NEAR(count(first, ENOSPC), 95, 45);
}

TEST(FaultyFileCalls, EachCallHasItsOwnProbability) {
  const std::unique_ptr<FileCalls> calls = parse_faults("fsync:1,rename:1,open:1").value();
  EXPECT_EQ(count(outcomes(*calls), 0), 2000);
  EXPECT_EQ(calls->sync(-1), -1);
  EXPECT_EQ(errno, EIO);
  EXPECT_EQ(calls->rename(-1, "a", -1, "b"), -1);
  EXPECT_EQ(errno, EIO);
  EXPECT_EQ(calls->open(AT_FDCWD, "/dev/null", O_RDONLY, 0), -1);
  EXPECT_EQ(errno, EIO);
}

TEST(FaultyFileCalls, NothingMeansNoFaults) {
  EXPECT_EQ(count(outcomes(*parse_faults("").value()), 0), 2000);
}

TEST(FaultyFileCalls, WhatCannotBeReadIsRefused) {
  for (const char* text : {"write", "write:", "write:2", "write:-1", "write:nan", "reads:0.1", "seed:x",
                           "seed:-1", "write:0.1;fsync:0.1", ",", "write:0.1x"})
    EXPECT_EQ(parse_faults(text).error().code, Code::invalid) << text;
}

}  // namespace
}  // namespace limner
