// A ledger whose disk is full, or whose answer is lost.

#include <atomic>

#include "jobs/worker_fixture.h"
#include "ledger/forwarding_ledger.h"

namespace limner {
namespace {

/// Passes everything on, but for the ends of jobs and what begins them while a test says that they fail.
class FaultyJobs final : public JobTable {
 public:
  explicit FaultyJobs(JobTable& inner) : inner_(inner) {}

  std::atomic<int> begins_failing = 0, ends_failing = 0;
  std::atomic<int> answers_lost = 0;  ///< ends that are committed, and then said to have failed

  Result<Job> begin(std::string_view id, std::string_view owner, TimeUs lease_until, TimeUs now) override {
    if (begins_failing-- > 0) return full();
    return inner_.begin(id, owner, lease_until, now);
  }
  Result<Job> end(const JobEnd& end) override {
    if (ends_failing-- > 0) return full();
    Result<Job> ended = inner_.end(end);
    if (answers_lost-- > 0) return full();
    return ended;
  }
  Result<Accepted> accept(const Job& job, const std::optional<Idempotency>& idempotency) override {
    return inner_.accept(job, idempotency);
  }
  Result<std::optional<Job>> find_repeated(const Idempotency& idempotency, TimeUs now) override {
    return inner_.find_repeated(idempotency, now);
  }
  Result<Job> find(std::string_view id) override { return inner_.find(id); }
  Result<JobPage> search(const JobQuery& query) override { return inner_.search(query); }
  Result<std::vector<Job>> queued(std::string_view after, int limit) override {
    return inner_.queued(after, limit);
  }
  Result<int> position(const Job& job) override { return inner_.position(job); }
  Result<std::vector<QueueDepth>> depths() override { return inner_.depths(); }
  Result<void> advance(std::string_view id, std::string_view owner, JobState state,
                       std::span<const KeptStage> kept, int64_t engine_us) override {
    return inner_.advance(id, owner, state, kept, engine_us);
  }
  Result<void> renew_leases(std::string_view owner, TimeUs lease_until) override {
    return inner_.renew_leases(owner, lease_until);
  }
  Result<void> release(std::string_view id, std::string_view owner, int64_t engine_us) override {
    return inner_.release(id, owner, engine_us);
  }
  Result<std::vector<Job>> reclaim(TimeUs now, std::string_view owner_gone) override {
    return inner_.reclaim(now, owner_gone);
  }
  Result<std::vector<std::string>> lease_owners() override { return inner_.lease_owners(); }
  Result<void> request_cancel(std::string_view id) override { return inner_.request_cancel(id); }
  Result<Job> requeue(std::string_view id, int64_t reserved_micros, TimeUs now, TimeUs deadline) override {
    return inner_.requeue(id, reserved_micros, now, deadline);
  }
  Result<void> clear_kept(std::string_view id) override { return inner_.clear_kept(id); }
  Result<std::vector<Job>> ended_with_kept(TimeUs before, int limit) override {
    return inner_.ended_with_kept(before, limit);
  }

 private:
  static Error full() { return {Code::exhausted, "ledger", "the disk is full", ""}; }
  JobTable& inner_;
};

class FaultyLedger final : public ForwardingLedger {
 public:
  explicit FaultyLedger(Ledger& inner) : ForwardingLedger(inner), faulty(inner.jobs()) {}
  JobTable& jobs() override { return faulty; }

  FaultyJobs faulty;
};

class WorkerWithABadLedger : public WorkerFixture {
 protected:
  WorkerWithABadLedger() : faulty_ledger(*ledger) { worker_ledger = &faulty_ledger; }
  ~WorkerWithABadLedger() override { worker.reset(); }
  FaultyLedger faulty_ledger;
};

TEST_F(WorkerWithABadLedger, WaitsForTheDiskAndLosesNothing) {
  faulty_ledger.faulty.begins_failing = 2;
  faulty_ledger.faulty.ends_failing = 3;
  start_worker();
  const Json request = small_request("a full shelf");
  const Job job = ended(submit(request));
  ASSERT_EQ(job.state, JobState::stored) << job.error.message;
  EXPECT_LE(faulty_ledger.faulty.ends_failing, 0);
  EXPECT_EQ(only_picture(job), drawn_alone(request));
  EXPECT_EQ(usage_rows(job), 1);
  EXPECT_EQ(job.attempts, 1);
}

TEST_F(WorkerWithABadLedger, KeepsThePicturesOfAnEndWhoseAnswerWasLost) {
  faulty_ledger.faulty.answers_lost = 1;
  std::atomic<int> finished = 0;
  make_worker();
  const Job job = submit(small_request("a lost answer"));
  const EventHub::Subscription listening =
      events.subscribe(job.id, [&](const JobEvent& event) { finished += event.type == "finished"; });
  ASSERT_TRUE(worker->start());
  ASSERT_EQ(ended(job).state, JobState::stored);
  EXPECT_TRUE(eventually([&] { return finished == 1; }));
  EXPECT_FALSE(only_picture(job).empty());
  EXPECT_EQ(usage_rows(job), 1);
}

TEST_F(WorkerWithABadLedger, LeavesTheJobToTheNextWorkerWhenItStopsMeanwhile) {
  faulty_ledger.faulty.ends_failing = 1'000'000;
  start_worker();
  const Json request = small_request("an interrupted end");
  const Job job = submit(request);
  ASSERT_TRUE(eventually([&] { return faulty_ledger.faulty.ends_failing < 1'000'000; }));
  worker.reset();
  EXPECT_FALSE(has_ended(now(job).state));
  faulty_ledger.faulty.ends_failing = 0;
  config.owner = "second";
  start_worker();
  ASSERT_EQ(ended(job).state, JobState::stored);
  EXPECT_EQ(only_picture(job), drawn_alone(request));
  EXPECT_EQ(usage_rows(job), 1);
}

}  // namespace
}  // namespace limner
