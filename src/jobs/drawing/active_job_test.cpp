#include "jobs/drawing/active_job.h"

#include <gtest/gtest.h>

namespace limner::drawing {
namespace {

ActiveJobRef job_of(const std::string& id, TimeUs submitted, TimeUs deadline = 0) {
  Job job;
  job.id = id;
  job.submitted = submitted;
  job.deadline = deadline;
  return std::make_shared<ActiveJob>(job);
}

TEST(ActiveJobs, WaitInTheOrderInWhichTheyCame) {
  ActiveJobs jobs;
  const ActiveJobRef first = job_of("b", 1), second = job_of("a", 2);
  EXPECT_TRUE(jobs.add(second));
  EXPECT_TRUE(jobs.add(first));
  EXPECT_EQ(jobs.line(1), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(jobs.waiting(1).oldest, 1);
  jobs.begin(*first);
  EXPECT_EQ(jobs.line(1), std::vector<std::string>{"a"});
  EXPECT_EQ(jobs.begun(), std::vector<ActiveJobRef>{first});
}

TEST(ActiveJobs, AreHereOnceUnlessTheyHaveEnded) {
  ActiveJobs jobs;
  const ActiveJobRef first = job_of("a", 1, 50), again = job_of("a", 2);
  ASSERT_TRUE(jobs.add(first));
  EXPECT_FALSE(jobs.add(again));
  EXPECT_TRUE(first->claim_end());
  EXPECT_FALSE(first->claim_end());
  EXPECT_TRUE(jobs.add(again));
  jobs.forget(*first);
  EXPECT_EQ(jobs.find("a"), again) << "another job of the same id was forgotten";
  EXPECT_EQ(jobs.next_deadline(), 0);
}

TEST(ActiveJob, IsNotWorkedForOnceItHasEnded) {
  const ActiveJobRef job = job_of("a", 1);
  EXPECT_TRUE(job->enter_engine());
  EXPECT_TRUE(job->claim_end());
  EXPECT_FALSE(job->enter_engine());
  job->leave_engine();
  job->wait_for_engine();
}

TEST(ActiveJobs, TellOfADeadlineOnce) {
  ActiveJobs jobs;
  const ActiveJobRef job = job_of("a", 1, 50);
  jobs.add(job);
  EXPECT_EQ(jobs.next_deadline(), 50);
  EXPECT_TRUE(jobs.take_overdue(49).empty());
  EXPECT_EQ(jobs.take_overdue(50), std::vector<ActiveJobRef>{job});
  EXPECT_TRUE(jobs.take_overdue(50).empty());
  EXPECT_EQ(jobs.next_deadline(), 0);
}

}  // namespace
}  // namespace limner::drawing
