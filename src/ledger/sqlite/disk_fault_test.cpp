// A disk that is full or breaks at any moment: what failed changed nothing, and the ledger goes on.

#include "ledger/sqlite/faulty_vfs.h"
#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

struct Fault {
  const char* name;
  int code;
  int count;
  Code expected;
};

class DiskFaultTest : public testing::TestWithParam<Fault> {
 protected:
  static constexpr const char* kOwner = "host:1:x";

  // A job on its whole way, each move until the first that fails; what state the answers promise.
  std::optional<JobState> draw(const Job& job) {
    if (!note(test->jobs().accept(job, std::nullopt))) return std::nullopt;
    if (!note(test->jobs().begin(job.id, kOwner, kTestTime + 1, kTestTime))) return JobState::queued;
    if (!note(test->jobs().end(test_end(job, kOwner, JobState::stored, kTestTime, 10))))
      return JobState::drawing;
    return JobState::stored;
  }
  template <class T>
  bool note(const Result<T>& result) {
    if (!result) {
      EXPECT_EQ(result.error().code, GetParam().expected) << result.error().text();
    }
    return result.has_value();
  }
  void expect_state(const Job& job, std::optional<JobState> promised) {
    const Result<Job> found = test->jobs().find(job.id);
    ASSERT_EQ(found.has_value(), promised.has_value());
    if (found) {
      EXPECT_EQ(found->state, *promised);
    }
  }

  sqlite::FaultyVfs vfs;
  TestLedger test{Durability::power};
};

TEST_P(DiskFaultTest, ChangesNothing) {
  constexpr int kCallsMax = 500;
  int call = 0;
  for (bool reached = true; reached && call < kCallsMax; ++call) {
    const Job job = test.job();
    vfs.fail(call, GetParam().count, GetParam().code);
    const std::optional<JobState> promised = draw(job);
    reached = vfs.failed() > 0;
    vfs.heal();
    expect_state(job, promised);
    ASSERT_TRUE(test->jobs().reclaim(kTestTime, kOwner)) << "the ledger goes on";
  }
  EXPECT_GT(call, 10) << "writes were hit";
  EXPECT_LT(call, kCallsMax) << "at last none was";
  const std::vector<Disagreement> found = check_ledger(test.config(), {}).value();
  for (const Disagreement& each : found) ADD_FAILURE() << each.rule << ' ' << each.row << ": " << each.text;
}

INSTANTIATE_TEST_SUITE_P(Faults, DiskFaultTest,
                         testing::Values(Fault{"Full", SQLITE_FULL, 1'000'000, Code::exhausted},
                                         Fault{"FullOnce", SQLITE_FULL, 1, Code::exhausted},
                                         Fault{"WriteError", SQLITE_IOERR_WRITE, 1'000'000,
                                               Code::unavailable},
                                         Fault{"SyncErrorOnce", SQLITE_IOERR_FSYNC, 1, Code::unavailable}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace limner
