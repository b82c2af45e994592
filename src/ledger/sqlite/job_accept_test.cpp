// Requests become jobs, once, within limits.

#include <thread>

#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

using AcceptTest = JobTest;

TEST_F(AcceptTest, KeepsAllOfAJob) {
  Job job = test.job();
  job.tier = Tier::realtime;
  job.seed = 0xffff'ffff'ffff'fff0;
  job.count = 3;
  job.tags = {"b", "a", "b"};
  job.batch = "batch_1";
  job.request_id = "req";
  job.traceparent = "00-1-2-01";
  job.webhook_url = "https://example.org/";
  job.deadline = kTestTime + 5;
  job.prompt = std::string("zero\0byte, \"quotes\", \xc3\xa9", 23);
  job.attempts = 2;
  job.engine_us = 5;
  expect_found(accept(job));
  test.open();
  const Job found = jobs().find(job.id).value();
  EXPECT_EQ(found.state, JobState::queued);
  EXPECT_EQ(found.tier, Tier::realtime);
  EXPECT_EQ(found.seed, job.seed);
  EXPECT_EQ(found.count, 3);
  EXPECT_EQ(found.tags, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(found.batch, "batch_1");
  EXPECT_EQ(found.prompt, job.prompt);
  EXPECT_EQ(found.request, job.request);
  EXPECT_EQ(found.webhook_url, job.webhook_url);
  EXPECT_EQ(found.deadline, job.deadline);
  EXPECT_EQ(found.reserved_micros, 100);
  EXPECT_EQ(found.lease_owner, "");
  EXPECT_TRUE(found.error.empty());
}

TEST_F(AcceptTest, OfAnUnknownTenantOrAnothersKeyIsNotFound) {
  Job job = test.job();
  job.tenant = "ten_nobody";
  EXPECT_EQ(jobs().accept(job, std::nullopt).error().code, Code::not_found);
  job = test.job();
  job.api_key = "key_nobody";
  EXPECT_EQ(jobs().accept(job, std::nullopt).error().code, Code::not_found);
  EXPECT_EQ(spending().open_jobs, 0);
}

TEST_F(AcceptTest, RepeatsGiveTheFirstJob) {
  const Idempotency once{"t/v1/jobs", "key-1", "print-1", kTestTime + kDayUs};
  const Accepted first = jobs().accept(test.job(), once).value();
  const Accepted again = jobs().accept(test.job(), once).value();
  EXPECT_FALSE(first.replayed);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.job.id, first.job.id);
  EXPECT_EQ(jobs().find_repeated(once, kTestTime).value()->id, first.job.id);
  EXPECT_EQ(spending().open_jobs, 1);
}

TEST_F(AcceptTest, AKeyIsForOneRequestUntilItExpires) {
  const Idempotency first{"t/v1/jobs", "key-1", "print-1", kTestTime + kSecondUs};
  Idempotency other = first;
  other.fingerprint = "print-2";
  ASSERT_TRUE(jobs().accept(test.job(), first));
  const Error error = jobs().accept(test.job(), other).error();
  EXPECT_EQ(error.code, Code::conflict);
  EXPECT_EQ(error.field, "idempotency_key");
  EXPECT_EQ(jobs().find_repeated(other, kTestTime).error().code, Code::conflict);
  test.clock.advance(kSecondUs);
  EXPECT_FALSE(jobs().find_repeated(other, test.clock.now()).value().has_value());
  EXPECT_FALSE(jobs().accept(test.job(), other).value().replayed);
}

TEST_F(AcceptTest, WithoutStrictnessAnotherRequestIsAnotherRequest) {
  Idempotency one{"t", "", "print-1", kTestTime + kDayUs, false};
  Idempotency two{"t", "", "print-2", kTestTime + kDayUs, false};
  const std::string first = jobs().accept(test.job(), one).value().job.id;
  const std::string second = jobs().accept(test.job(), two).value().job.id;
  EXPECT_NE(first, second);
  EXPECT_EQ(jobs().accept(test.job(), one).value().job.id, first);
  EXPECT_EQ(jobs().accept(test.job(), two).value().job.id, second);
}

TEST_F(AcceptTest, LimitsTheTenantsConcurrentJobs) {
  limit({.concurrent_jobs = 1});
  const Job first = accept();
  const Error error = jobs().accept(test.job(), std::nullopt).error();
  EXPECT_EQ(error.code, Code::exhausted);
  EXPECT_EQ(error.field, "concurrent_jobs");
  begin(first);
  ASSERT_TRUE(end(first, JobState::failed));
  EXPECT_TRUE(jobs().accept(test.job(), std::nullopt));
}

TEST_F(AcceptTest, LimitsTheKeyToo) {
  test.key.limits.concurrent_jobs = 0;
  ASSERT_TRUE(test->tenants().update_key(test.key));
  EXPECT_EQ(jobs().accept(test.job(), std::nullopt).error().field, "concurrent_jobs");
}

TEST_F(AcceptTest, LimitsPicturesADay) {
  limit({.pictures_per_day = 3});
  Job job = test.job();
  job.count = 2;
  const Job first = accept(job);
  job = test.job();
  job.count = 2;
  const Error error = jobs().accept(job, std::nullopt).error();
  EXPECT_EQ(error.field, "pictures_per_day");
  EXPECT_NE(error.hint.find("2026-01-16T00:00:00Z"), std::string::npos) << error.hint;
  begin(first);
  ASSERT_TRUE(end(first, JobState::failed));
  EXPECT_EQ(spending().pictures_today, 0) << "what was not drawn is given back";
  accept(job);
  test.clock.advance(kDayUs);
  job = test.job();
  job.count = 3;
  EXPECT_TRUE(jobs().accept(job, std::nullopt)) << "a new day";
}

TEST_F(AcceptTest, ReservesWithinTheBudget) {
  limit({.budget_micros = 250});
  const Job first = accept();
  accept();
  const Error error = jobs().accept(test.job(), std::nullopt).error();
  EXPECT_EQ(error.code, Code::exhausted);
  EXPECT_EQ(error.field, "budget_micros");
  EXPECT_NE(error.hint.find("2026-02-01T00:00:00Z"), std::string::npos) << error.hint;
  begin(first);
  ASSERT_TRUE(end(first, JobState::stored, 30));
  EXPECT_EQ(spending().spent_micros, 30);
  EXPECT_EQ(spending().reserved_micros, 100);
  accept();
  EXPECT_FALSE(jobs().accept(test.job(), std::nullopt));
}

TEST_F(AcceptTest, MoneySetAsideLastMonthCountsInThisOne) {
  limit({.budget_micros = 150});
  const Job job = accept();
  test.clock.advance(31 * kDayUs);
  EXPECT_EQ(jobs().accept(test.job(), std::nullopt).error().field, "budget_micros");
  begin(job);
  ASSERT_TRUE(end(job, JobState::stored, 100));
  EXPECT_EQ(test->usage().spending_of_tenant(test.tenant.id, kTestTime).value().spent_micros, 0);
  EXPECT_EQ(spending().spent_micros, 100) << "paid in the month of the end";
  expect_consistent();
}

TEST_F(AcceptTest, IsNeverOverspentByManyAtOnce) {
  constexpr int kThreads = 16, kTries = 20, kFit = 37;
  limit({.budget_micros = kFit * 100 + 99});
  std::atomic<int> accepted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < kTries; ++n)
        if (jobs().accept(test.job(), std::nullopt)) ++accepted;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, kFit);
  EXPECT_EQ(spending().reserved_micros, kFit * 100);
  expect_consistent();
}

}  // namespace
}  // namespace limner
