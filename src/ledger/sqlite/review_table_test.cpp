// What policies held, and what persons make of it.

#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

class ReviewTest : public JobTest {
 protected:
  static VerdictRow verdict(VerdictStage stage, std::string subject, Standing standing) {
    VerdictRow row;
    row.stage = stage;
    row.subject = std::move(subject);
    row.standing = standing;
    row.policy = "one";
    row.rules = {"nudity"};
    row.reasons = {"the picture is held by the rule \"nudity\""};
    row.risk = 0.5;
    row.created = kTestTime;
    return row;
  }

  /// A job that was drawn, its pictures of these standings.
  Job drawn(const std::vector<Standing>& standings, int reviewers = 1) {
    Job job = test.job();
    job.count = static_cast<int>(standings.size());
    job.webhook_url = "https://example.org/hook";
    job = begin(accept(job));
    JobEnd end = test_end(job, kOwner, JobState::stored, test.clock.now(), 7);
    bool held = false, passed = false;
    for (size_t i = 0; i < standings.size(); ++i) {
      end.pictures[i].standing = standings[i];
      end.verdicts.push_back(verdict(VerdictStage::output, end.pictures[i].id, standings[i]));
      held |= standings[i] == Standing::held;
      passed |= standings[i] == Standing::passed;
    }
    end.state = held ? JobState::held : passed ? JobState::stored : JobState::refused;
    end.reviewers = reviewers;
    return jobs().end(end).value();
  }

  Job held_prompt() {
    const Job job = accept();
    JobEnd end = test_end(job, "", JobState::held, test.clock.now(), 0);
    end.verdicts = {verdict(VerdictStage::prompt, "", Standing::held)};
    return jobs().end(end).value();
  }

  Result<Reviewed> decide(const Review& review, const char* who, Ruling ruling, int hourly_max = 100) {
    return reviews().decide(review.id, {{"key", who}, ruling, "because", test.clock.now()}, hourly_max,
                            [](const Job& job, const std::vector<PictureRow>& pictures) {
                              return std::string(job_state_name(job.state)) + std::to_string(pictures.size());
                            });
  }
  std::vector<Review> open() { return reviews().list({}).value(); }
  JobState state(const Job& job) { return jobs().find(job.id).value().state; }
  ReviewTable& reviews() { return test->reviews(); }
};

TEST_F(ReviewTest, AJobIsHeldUntilTheLastOfItsPicturesIsDecided) {
  const Job job = drawn({Standing::held, Standing::passed, Standing::held});
  std::vector<Review> waiting = open();
  ASSERT_EQ(waiting.size(), 2u);
  EXPECT_EQ(waiting[0].verdict.rules, std::vector<std::string>{"nudity"});
  EXPECT_EQ(waiting[0].verdict.risk, 0.5);
  expect_consistent();
  // Of one moment, they come in any order.
  if (waiting[0].verdict.subject != test->pictures().of_job(job.id).value()[0].id)
    std::swap(waiting[0], waiting[1]);
  EXPECT_EQ(decide(waiting[0], "a", Ruling::refuse).value().job.state, JobState::held);
  EXPECT_EQ(decide(waiting[1], "a", Ruling::approve).value().job.state, JobState::stored);
  const std::vector<PictureRow> pictures = test->pictures().of_job(job.id).value();
  EXPECT_EQ(pictures[0].standing, Standing::refused);
  EXPECT_EQ(pictures[2].standing, Standing::passed);
  EXPECT_EQ(test->usage().of_job(job.id).value().pictures, 3);
  EXPECT_EQ(test->deliveries().due(test.clock.now(), 10).value().back().body, "stored2");
  expect_consistent();
}

TEST_F(ReviewTest, WhatIsRefusedWhollyIsARefusedJobAndMayBeContradictedOnce) {
  const Job job = drawn({Standing::held});
  ASSERT_TRUE(decide(open()[0], "a", Ruling::refuse));
  EXPECT_EQ(state(job), JobState::refused);
  EXPECT_EQ(jobs().find(job.id).value().error.code, "refused");
  const std::vector<Review> appeals =
      reviews().appeal(job.id, "It is art.", {"key", "k"}, test.clock.now()).value();
  ASSERT_EQ(appeals.size(), 1u);
  EXPECT_EQ(appeals[0].appeal, "It is art.");
  EXPECT_EQ(reviews().appeal(job.id, "x", {"key", "k"}, test.clock.now()).error().code, Code::conflict);
  EXPECT_EQ(decide(appeals[0], "a", Ruling::approve).error().code, Code::conflict)
      << "whoever refused it does not decide about the contradiction";
  EXPECT_EQ(decide(appeals[0], "b", Ruling::approve).value().job.state, JobState::stored);
  EXPECT_TRUE(jobs().find(job.id).value().error.empty());
  expect_consistent();
}

TEST_F(ReviewTest, AnApprovedPromptLetsTheJobBackIntoTheQueue) {
  const Job job = held_prompt();
  const auto requeue = [&] { return jobs().requeue(job.id, 100, test.clock.now(), 0); };
  EXPECT_EQ(requeue().error().code, Code::conflict);
  EXPECT_FALSE(reviews().approved(job.id, VerdictStage::prompt, "").value());
  ASSERT_TRUE(decide(open()[0], "a", Ruling::approve));
  EXPECT_TRUE(reviews().approved(job.id, VerdictStage::prompt, "").value());
  expect_consistent();
  EXPECT_EQ(requeue().value().state, JobState::queued);
  expect_consistent();
}

TEST_F(ReviewTest, ARefusedPromptDoesNot) {
  const Job job = held_prompt();
  ASSERT_TRUE(decide(open()[0], "a", Ruling::refuse));
  EXPECT_EQ(state(job), JobState::refused);
  EXPECT_EQ(jobs().requeue(job.id, 100, test.clock.now(), 0).error().code, Code::conflict);
  expect_consistent();
}

TEST_F(ReviewTest, ARefusedPreviewMayBeContradictedAndDrawnAgain) {
  for (const Ruling ruling : {Ruling::refuse, Ruling::approve}) {
    const Job job = begin(accept());
    JobEnd end = test_end(job, kOwner, JobState::refused, test.clock.now(), 7);
    end.verdicts = {verdict(VerdictStage::output, "preview_0", Standing::refused)};
    ASSERT_TRUE(jobs().end(end));
    const auto requeue = [&] { return jobs().requeue(job.id, 100, test.clock.now(), 0); };
    EXPECT_EQ(requeue().error().code, Code::conflict);
    const Result<std::vector<Review>> appeals =
        reviews().appeal(job.id, "It is art.", {"key", "k"}, test.clock.now());
    ASSERT_TRUE(appeals) << appeals.error().text();
    ASSERT_EQ(appeals->size(), 1u);
    EXPECT_EQ(reviews().appeal(job.id, "x", {"key", "k"}, test.clock.now()).error().code, Code::conflict);
    EXPECT_EQ(decide((*appeals)[0], "a", ruling).value().job.state, JobState::refused);
    EXPECT_EQ(requeue().has_value(), ruling == Ruling::approve);
    expect_consistent();
  }
}

TEST_F(ReviewTest, ReviewersWhoDisagreeAskAThird) {
  const Job job = drawn({Standing::held}, 2);
  const Review review = open()[0];
  EXPECT_EQ(decide(review, "a", Ruling::approve).value().review.decided, 0);
  EXPECT_EQ(decide(review, "a", Ruling::approve).error().code, Code::conflict);
  EXPECT_TRUE(decide(review, "b", Ruling::refuse).value().review.escalated);
  EXPECT_EQ(state(job), JobState::held);
  EXPECT_EQ(decide(review, "c", Ruling::approve).value().job.state, JobState::stored);
  EXPECT_EQ(decide(review, "d", Ruling::refuse).error().code, Code::conflict);
  EXPECT_EQ(reviews().agreement(0, test.clock.now() + 1).value().pairs, 1);
  EXPECT_EQ(reviews().agreement(0, test.clock.now() + 1).value().agreed, 0);
}

TEST_F(ReviewTest, NobodyDecidesMoreThanIsAllowedWithinAnHour) {
  drawn({Standing::held, Standing::held});
  const std::vector<Review> waiting = open();
  ASSERT_TRUE(decide(waiting[0], "a", Ruling::approve, 1));
  EXPECT_EQ(decide(waiting[1], "a", Ruling::approve, 1).error().code, Code::exhausted);
  test.clock.advance(3601 * kSecondUs);
  EXPECT_TRUE(decide(waiting[1], "a", Ruling::approve, 1));
}

TEST_F(ReviewTest, TheLogNamesNeitherTenantNorWords) {
  drawn({Standing::held});
  ASSERT_TRUE(decide(open()[0], "key_a", Ruling::refuse));
  const std::vector<AuditRecord> records = test->audit().read(0, 100).value();
  ASSERT_FALSE(records.empty());
  for (const AuditRecord& record : records)
    for (const std::string& secret : {test.tenant.id, std::string("because"), std::string("key_a")})
      EXPECT_EQ(record.leaf.find(secret), std::string::npos) << record.leaf;
}

TEST_F(ReviewTest, APictureOfAHeldJobCannotBeSmuggledIn) {
  const Job job = begin(accept());
  JobEnd end = test_end(job, kOwner, JobState::stored, test.clock.now(), 0);
  end.state = JobState::held;
  end.pictures.push_back(test_picture(job, 1));
  EXPECT_EQ(jobs().end(end).error().code, Code::invalid) << "more pictures than the job has";
}

}  // namespace
}  // namespace limner
