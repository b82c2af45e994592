// Cancelling, deadlines, pausing, draining.

#include "jobs/worker_fixture.h"

namespace limner {
namespace {

/// Takes longer than any test waits, unless it is stopped.
Json endless_request() { return small_request("a very long way", 900); }

class WorkerControl : public WorkerFixture {
 protected:
  bool is_drawn(const Job& job) {
    return eventually([&] { return worker->progress(job.id).step > 0; });
  }
};

TEST_F(WorkerControl, CancelsInTheMiddleOfADrawing) {
  start_worker();
  const Job job = submit(endless_request());
  ASSERT_TRUE(is_drawn(job));
  EXPECT_TRUE(worker->cancel(job.id));
  EXPECT_FALSE(worker->cancel(job.id));
  const Job end = ended(job);
  EXPECT_EQ(end.state, JobState::cancelled);
  EXPECT_GT(end.engine_us, 0);
  EXPECT_EQ(usage_rows(job), 1);
  EXPECT_TRUE(eventually([&] { return worker->status().open == 0; }));
}

TEST_F(WorkerControl, CancelsWhatWaits) {
  make_worker();
  const Job job = submit(small_request("a well"));
  EXPECT_TRUE(worker->cancel(job.id));
  EXPECT_EQ(ended(job).state, JobState::cancelled);
  EXPECT_FALSE(worker->cancel(new_id("job")));
}

TEST_F(WorkerControl, LetsGoOfAJobThatWasEndedInTheLedger) {
  make_worker();
  const Job job = submit(small_request("a leaf"));
  JobEnd end;
  end.job = job.id;
  end.state = JobState::cancelled;
  end.now = clock.now();
  ASSERT_TRUE(ledger->jobs().end(end));
  ASSERT_TRUE(worker->start());
  EXPECT_TRUE(eventually([&] { return worker->status().open == 0 && worker->status().waiting[1] == 0; }));
  const Job after = ended(submit(small_request("another leaf")));
  EXPECT_EQ(after.state, JobState::stored);
  EXPECT_EQ(now(job).state, JobState::cancelled);
  EXPECT_TRUE(pictures_of(job).empty());
}

TEST_F(WorkerControl, ExpiresWhatIsNotDrawnInTime) {
  start_worker();
  const Job drawing = submit(endless_request(), [&](Job& job) { job.deadline = clock.now() + kSecondUs; });
  const Job end = ended(drawing);
  EXPECT_EQ(end.state, JobState::expired);
  EXPECT_EQ(end.error.field, "deadline");
}

TEST_F(WorkerControl, ExpiresWhatIsPaused) {
  start_worker();
  worker->set_paused(1, true);
  const Job job =
      submit(small_request("a clock"), [&](Job& wanted) { wanted.deadline = clock.now() + kSecondUs / 5; });
  EXPECT_EQ(ended(job).state, JobState::expired);
}

TEST_F(WorkerControl, DrawsNothingOfAPausedTier) {
  start_worker();
  worker->set_paused(1, true);
  const Job paused = submit(small_request("a stone"));
  Json urgent = small_request("a spark");
  urgent["tier"] = "realtime";
  EXPECT_EQ(ended(submit(urgent)).state, JobState::stored);
  EXPECT_EQ(now(paused).state, JobState::queued);
  EXPECT_EQ(worker->status().waiting[1], 1u);
  EXPECT_TRUE(worker->status().paused[1]);
  worker->set_paused(1, false);
  EXPECT_EQ(ended(paused).state, JobState::stored);
}

TEST_F(WorkerControl, DrainsByFinishingWhatRuns) {
  start_worker();
  const Job running = submit(small_request("a river", 60));
  ASSERT_TRUE(is_drawn(running));
  worker->drain(kPatienceSeconds);
  EXPECT_EQ(now(running).state, JobState::stored);
  const Job late = submit(small_request("a pond"));
  EXPECT_TRUE(worker->status().draining);
  EXPECT_EQ(now(late).state, JobState::queued);
}

TEST_F(WorkerControl, DrainsBySavingWhatTakesTooLong) {
  const Json request = small_request("a mountain range", 120);
  start_worker();
  const Job job = submit(request);
  ASSERT_TRUE(is_drawn(job));
  worker->drain(0);
  const Job given_back = now(job);
  ASSERT_EQ(given_back.state, JobState::queued);
  ASSERT_EQ(given_back.kept.size(), 1u);
  EXPECT_GT(given_back.engine_us, 0);
  const double steps = metric("limner_steps_total", {"model"}, {"limner-tiny"});
  EXPECT_LT(steps, 120);
  config.owner = "second";
  start_worker();
  ASSERT_EQ(ended(job).state, JobState::stored);
  EXPECT_EQ(metric("limner_steps_total", {"model"}, {"limner-tiny"}), 120);
  EXPECT_EQ(only_picture(job), drawn_alone(request));
  EXPECT_GT(now(job).engine_us, given_back.engine_us);
}

}  // namespace
}  // namespace limner
