// Jobs in the hands of those who draw them.

#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

using LeaseTest = JobTest;

TEST_F(LeaseTest, IsForOne) {
  const Job job = accept();
  const Job begun = begin(job);
  EXPECT_EQ(begun.state, JobState::drawing);
  EXPECT_EQ(begun.attempts, 1);
  EXPECT_EQ(begun.started, kTestTime);
  EXPECT_EQ(begun.lease_owner, kOwner);
  EXPECT_EQ(jobs().begin(job.id, "other", kTestTime + 1, kTestTime).error().code, Code::conflict);
  EXPECT_EQ(jobs().begin("job_none", "other", kTestTime + 1, kTestTime).error().code, Code::not_found);
  EXPECT_EQ(jobs().lease_owners().value(), std::vector<std::string>{kOwner});
}

TEST_F(LeaseTest, KeepsStagesOnTheWay) {
  const Job job = begin(accept());
  const KeptStage first{"latents", 0, "stages/1", 10}, second{"latents", 1, "stages/2", 20};
  ASSERT_TRUE(jobs().advance(job.id, kOwner, JobState::drawing, {&first, 1}, 4000));
  ASSERT_TRUE(jobs().advance(job.id, kOwner, JobState::finishing, {&second, 1}, 9000));
  EXPECT_EQ(jobs().advance(job.id, "other", JobState::checking, {}, 0).error().code, Code::conflict);
  ASSERT_TRUE(jobs().release(job.id, kOwner, 9500));
  const Job back = jobs().find(job.id).value();
  EXPECT_EQ(back.state, JobState::queued);
  EXPECT_EQ(back.engine_us, 9500);
  ASSERT_EQ(back.kept.size(), 2u);
  EXPECT_EQ(back.kept[1].picture, 1);
  EXPECT_EQ(back.kept[1].key, "stages/2");
  EXPECT_EQ(back.kept[1].bytes, 20u);
  EXPECT_EQ(jobs().release(job.id, kOwner, 0).error().code, Code::conflict);
}

TEST_F(LeaseTest, KeptStagesAreForgottenAfterTheEnd) {
  const Job job = begin(accept());
  const KeptStage kept{"latents", 0, "stages/1", 10};
  ASSERT_TRUE(jobs().advance(job.id, kOwner, JobState::finishing, {&kept, 1}, 0));
  ASSERT_TRUE(jobs().clear_kept(job.id));
  EXPECT_EQ(jobs().find(job.id).value().kept.size(), 1u) << "the job has not ended";
  ASSERT_TRUE(end(job, JobState::failed));
  EXPECT_TRUE(jobs().ended_with_kept(kTestTime, 10).value().empty());
  ASSERT_EQ(jobs().ended_with_kept(kTestTime + 1, 10).value().size(), 1u);
  ASSERT_TRUE(jobs().clear_kept(job.id));
  EXPECT_TRUE(jobs().ended_with_kept(kTestTime + 1, 10).value().empty());
}

TEST_F(LeaseTest, ThatRanOutPutsTheJobBack) {
  const Job job = begin(accept());
  EXPECT_TRUE(jobs().reclaim(job.lease_until, "").value().empty());
  ASSERT_TRUE(jobs().renew_leases(kOwner, job.lease_until + kSecondUs));
  EXPECT_TRUE(jobs().reclaim(job.lease_until + 1, "").value().empty());
  const std::vector<Job> reclaimed = jobs().reclaim(job.lease_until + kSecondUs + 1, "").value();
  ASSERT_EQ(reclaimed.size(), 1u);
  EXPECT_EQ(reclaimed[0].state, JobState::queued);
  EXPECT_EQ(reclaimed[0].attempts, 1);
  EXPECT_EQ(end(job, JobState::stored).error().code, Code::conflict) << "the lease is lost";
}

TEST_F(LeaseTest, OfOneWhoIsGoneIsTakenAtOnce) {
  begin(accept());
  EXPECT_TRUE(jobs().reclaim(kTestTime, "other").value().empty());
  EXPECT_EQ(jobs().reclaim(kTestTime, kOwner).value().size(), 1u);
}

TEST_F(LeaseTest, RemembersThatItIsToBeCancelled) {
  const Job job = begin(accept());
  ASSERT_TRUE(jobs().request_cancel(job.id));
  ASSERT_TRUE(jobs().release(job.id, kOwner, 0));
  EXPECT_TRUE(begin(job).cancel_requested);
  ASSERT_TRUE(end(job, JobState::cancelled));
  EXPECT_EQ(jobs().request_cancel(job.id).error().code, Code::conflict);
  EXPECT_EQ(jobs().request_cancel("job_none").error().code, Code::not_found);
}

TEST_F(LeaseTest, QueueIsInTheOrderOfWaiting) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    Job job = test.job();
    job.tier = i == 1 ? Tier::batch : Tier::standard;
    job.predicted_seconds = 2;
    ids.push_back(accept(job).id);
    test.clock.advance(1);
  }
  begin(jobs().find(ids[0]).value());
  const std::vector<Job> first = jobs().queued("", 2).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].id, ids[1]);
  const std::vector<Job> rest = jobs().queued(first[1].id, 10).value();
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[1].id, ids[4]);
  EXPECT_EQ(jobs().position(rest[1]).value(), 2) << "the one of another tier does not count";
  const std::vector<QueueDepth> depths = jobs().depths().value();
  ASSERT_EQ(depths.size(), 3u);
  EXPECT_EQ(depths[0].jobs, 0);
  EXPECT_EQ(depths[0].oldest, 0);
  EXPECT_EQ(depths[1].jobs, 3);
  EXPECT_DOUBLE_EQ(depths[1].predicted_seconds, 6);
  EXPECT_EQ(depths[1].oldest, first[1].submitted);
}

}  // namespace
}  // namespace limner
