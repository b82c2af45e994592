// Jobs come to their end: once, with their pictures, paid.

#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

using EndTest = JobTest;

TEST_F(EndTest, WritesPicturesUsageAndMoney) {
  Job job = test.job();
  job.count = 2;
  job.tags = {"cat"};
  job.tier = Tier::batch;
  accept(job);
  begin(job);
  const Job ended = end(job, JobState::stored, 80).value();
  expect_found(ended);
  EXPECT_EQ(ended.state, JobState::stored);
  EXPECT_EQ(ended.finished, kTestTime);
  EXPECT_EQ(ended.engine_us, 5000);
  EXPECT_EQ(ended.reserved_micros, 0);
  EXPECT_EQ(ended.lease_owner, "");
  const std::vector<PictureRow> pictures = test->pictures().of_job(job.id).value();
  ASSERT_EQ(pictures.size(), 2u);
  EXPECT_EQ(pictures[1].position, 1);
  EXPECT_EQ(pictures[1].tenant, test.tenant.id);
  EXPECT_EQ(test->pictures().find(pictures[0].id).value().metadata, pictures[0].metadata);
  const UsageRow usage = test->usage().of_job(job.id).value();
  EXPECT_EQ(usage.cost_micros, 80);
  EXPECT_EQ(usage.pictures, 2);
  EXPECT_EQ(usage.pixels, 2 * 64 * 32);
  EXPECT_EQ(usage.bytes_stored, 2000u);
  EXPECT_EQ(usage.state, "stored");
  EXPECT_EQ(usage.tier, "batch");
  EXPECT_EQ(usage.tags, job.tags);
  const Spending used = spending();
  EXPECT_EQ(used.spent_micros, 80);
  EXPECT_EQ(used.reserved_micros, 0);
  EXPECT_EQ(used.open_jobs, 0);
  EXPECT_EQ(used.pictures_today, 2);
  EXPECT_EQ(test->usage().spending_of_key(test.key.id, kTestTime).value().spent_micros, 80);
  expect_consistent();
}

TEST_F(EndTest, GivesTheReasonBack) {
  const Job job = accept();
  begin(job);
  JobEnd failed = test_end(job, kOwner, JobState::failed, kTestTime, 0);
  failed.error = {"internal", "model", "broke", "try again", "model"};
  failed.drawn_by = "other@1";
  expect_found(jobs().end(failed).value());
}

TEST_F(EndTest, HappensOnce) {
  const Job job = accept();
  begin(job);
  ASSERT_TRUE(end(job, JobState::stored));
  EXPECT_EQ(end(job, JobState::failed).error().code, Code::conflict);
  EXPECT_EQ(spending().spent_micros, 80);
}

TEST_F(EndTest, IsForTheHolderOfTheLeaseOrForTheQueued) {
  const Job job = accept();
  JobEnd cancelled = test_end(job, "", JobState::cancelled, kTestTime, 0);
  begin(job);
  EXPECT_EQ(jobs().end(cancelled).error().code, Code::conflict);
  cancelled.owner = "somebody else";
  EXPECT_EQ(jobs().end(cancelled).error().code, Code::conflict);
  const Job waiting = accept();
  EXPECT_EQ(jobs().end(test_end(waiting, "", JobState::cancelled, kTestTime, 0)).value().state,
            JobState::cancelled);
  EXPECT_EQ(test->usage().of_job(waiting.id).value().state, "cancelled");
}

TEST_F(EndTest, MustBeAnEndWithTheJobsPictures) {
  const Job job = accept();
  begin(job);
  EXPECT_EQ(end(job, JobState::finishing).error().field, "state");
  JobEnd empty = test_end(job, kOwner, JobState::stored, kTestTime, 0);
  empty.pictures.clear();
  EXPECT_EQ(jobs().end(empty).error().field, "pictures");
  JobEnd failed = test_end(job, kOwner, JobState::failed, kTestTime, 0);
  failed.pictures.push_back(test_picture(job, 0));
  EXPECT_EQ(jobs().end(failed).error().field, "pictures");
  EXPECT_EQ(jobs().find(job.id).value().state, JobState::drawing) << "nothing was changed";
}

TEST_F(EndTest, ThatFailsHalfWayChangesNothing) {
  Job job = test.job();
  job.count = 2;
  accept(job);
  begin(job);
  JobEnd broken = test_end(job, kOwner, JobState::stored, kTestTime, 80);
  broken.pictures[1].id = broken.pictures[0].id;
  EXPECT_EQ(jobs().end(broken).error().code, Code::conflict);
  EXPECT_TRUE(test->pictures().of_job(job.id).value().empty());
  EXPECT_EQ(spending().spent_micros, 0);
  expect_consistent();
  EXPECT_TRUE(end(job, JobState::stored));
}

TEST_F(EndTest, KeepsWhyItFailed) {
  const Job job = accept();
  begin(job);
  JobEnd failed = test_end(job, kOwner, JobState::failed, kTestTime, 0);
  failed.error = {"data_loss", "model", "is \"broken\"", "pull it again", "model"};
  ASSERT_TRUE(jobs().end(failed));
  const JobError error = jobs().find(job.id).value().error;
  EXPECT_EQ(error.code, "data_loss");
  EXPECT_EQ(error.field, "model");
  EXPECT_EQ(error.message, "is \"broken\"");
  EXPECT_EQ(error.hint, "pull it again");
  EXPECT_EQ(error.kind, "model");
}

TEST_F(EndTest, LeavesAWebhookToDeliver) {
  Job job = test.job();
  job.webhook_url = "https://example.org/hook";
  accept(job);
  JobEnd cancelled = test_end(job, "", JobState::cancelled, kTestTime, 0);
  cancelled.webhook_body = "{}";
  ASSERT_TRUE(jobs().end(cancelled));
  std::vector<Delivery> due = test->deliveries().due(kTestTime, 10).value();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].url, job.webhook_url);
  EXPECT_EQ(due[0].body, "{}");
  EXPECT_EQ(due[0].job, job.id);
  ASSERT_TRUE(test->deliveries().failed(due[0].id, "no answer", kTestTime + 5));
  EXPECT_TRUE(test->deliveries().due(kTestTime, 10).value().empty());
  due = test->deliveries().due(kTestTime + 5, 10).value();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].attempts, 1);
  EXPECT_EQ(due[0].last_error, "no answer");
  ASSERT_TRUE(test->deliveries().failed(due[0].id, "gone", 0));
  EXPECT_TRUE(test->deliveries().due(kTestTime + kDayUs, 10).value().empty());
  ASSERT_TRUE(test->deliveries().delivered(due[0].id, kTestTime));
  EXPECT_EQ(test->deliveries().delivered(due[0].id, kTestTime).error().code, Code::not_found);
}

TEST_F(EndTest, ComesAgainAfterRequeueing) {
  const Job job = accept();
  begin(job);
  ASSERT_TRUE(end(job, JobState::failed, 30));
  test.clock.advance(kSecondUs);
  const Job again = jobs().requeue(job.id, 50, test.clock.now(), 0).value();
  EXPECT_EQ(again.state, JobState::queued);
  EXPECT_EQ(again.attempts, 0);
  EXPECT_EQ(again.submitted, test.clock.now());
  EXPECT_EQ(again.engine_us, 5000);
  EXPECT_TRUE(again.error.empty());
  EXPECT_EQ(spending().reserved_micros, 50);
  expect_consistent();
  begin(again);
  ASSERT_TRUE(end(again, JobState::stored, 70));
  const UsageRow usage = test->usage().of_job(job.id).value();
  EXPECT_EQ(usage.state, "stored");
  EXPECT_EQ(usage.engine_us, 10'000);
  EXPECT_EQ(usage.cost_micros, 70);
  EXPECT_EQ(spending().spent_micros, 70) << "the difference was added";
  expect_consistent();
  EXPECT_EQ(jobs().requeue(job.id, 50, test.clock.now(), 0).error().code, Code::conflict);
}

TEST_F(EndTest, RequeueingHoldsTheLimits) {
  const Job job = accept();
  begin(job);
  ASSERT_TRUE(end(job, JobState::failed, 0));
  limit({.budget_micros = 49});
  EXPECT_EQ(jobs().requeue(job.id, 50, kTestTime, 0).error().field, "budget_micros");
  EXPECT_EQ(jobs().find(job.id).value().state, JobState::failed);
}

}  // namespace
}  // namespace limner
