// Random moves of jobs beside a model in memory.

#include <algorithm>
#include <map>
#include <random>

#include "ledger/sqlite/calendar.h"
#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

// What the ledger should hold, told in a few lines.
struct ModelJob {
  JobState state = JobState::queued;
  int64_t reserved = 0, cost = 0;
  int count = 1;
  std::string picture;
};

class RandomMoves : public JobTest, public testing::WithParamInterface<unsigned> {
 protected:
  int number(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  // A job in one of these states, or nothing.
  std::string pick(std::initializer_list<JobState> states) {
    std::vector<std::string> ids;
    for (const auto& [id, job] : model_)
      if (std::find(states.begin(), states.end(), job.state) != states.end()) ids.push_back(id);
    return ids.empty() ? "" : ids[static_cast<size_t>(number(static_cast<int>(ids.size())))];
  }
  int64_t reserved() const {
    int64_t sum = 0;
    for (const auto& [id, job] : model_) sum += job.reserved;
    return sum;
  }
  int64_t& spent() { return spent_[sqlite::month_of(test.clock.now())]; }

  void accept_one() {
    Job job = test.job();
    job.reserved_micros = number(300);
    job.count = 1 + number(3);
    const bool fits = spent() + reserved() + job.reserved_micros <= kBudget;
    const Result<Accepted> accepted = jobs().accept(job, std::nullopt);
    ASSERT_EQ(accepted.has_value(), fits);
    if (fits) model_[job.id] = {JobState::queued, job.reserved_micros, 0, job.count, ""};
  }
  void begin_one() {
    const std::string id = pick({JobState::queued});
    if (id.empty()) return;
    ASSERT_TRUE(jobs().begin(id, kOwner, test.clock.now() + 1, test.clock.now()));
    model_[id].state = JobState::drawing;
  }
  void advance_one() {
    const std::string id = pick({JobState::drawing, JobState::finishing});
    if (id.empty()) return;
    const KeptStage kept{"latents", number(2), "stages/" + new_id("x"), 5};
    ASSERT_TRUE(jobs().advance(id, kOwner, JobState::finishing, {&kept, 1}, number(10'000)));
    model_[id].state = JobState::finishing;
  }
  void give_back_all() {
    ASSERT_TRUE(jobs().reclaim(test.clock.now(), kOwner));
    for (auto& [id, job] : model_)
      if (!has_ended(job.state)) job.state = JobState::queued;
  }
  void end_one() {
    const std::string id = pick({JobState::queued, JobState::drawing, JobState::finishing});
    if (id.empty()) return;
    ModelJob& mine = model_[id];
    const JobState state = mine.state == JobState::queued ? JobState::cancelled
                           : number(3) == 0               ? JobState::failed
                                                          : JobState::stored;
    const int64_t cost =
        std::max(mine.cost, mine.reserved ? int64_t{number(static_cast<int>(mine.reserved))} : 0);
    const JobEnd end = test_end(jobs().find(id).value(), mine.state == JobState::queued ? "" : kOwner, state,
                                test.clock.now(), cost);
    ASSERT_TRUE(jobs().end(end));
    spent() += cost - mine.cost;
    mine.cost = cost;
    mine.state = state;
    mine.reserved = 0;
    if (state == JobState::stored) mine.picture = end.pictures[0].id;
  }
  void requeue_one() {
    const std::string id = pick({JobState::failed, JobState::cancelled});
    if (id.empty()) return;
    const int64_t reserve = number(300);
    const bool fits = spent() + reserved() + reserve <= kBudget;
    ASSERT_EQ(jobs().requeue(id, reserve, test.clock.now(), 0).has_value(), fits);
    if (fits) {
      model_[id].state = JobState::queued;
      model_[id].reserved = reserve;
    }
  }
  void send_or_delete_one() {
    const std::string id = pick({JobState::stored});
    if (id.empty()) return;
    if (number(2)) {
      ASSERT_TRUE(test->pictures().mark_deleted(model_[id].picture, test.clock.now()));
      return;
    }
    test->pictures().add_sent(model_[id].picture, 100, 1);
    ASSERT_TRUE(test->flush());
    spent() += 1;
    model_[id].cost += 1;
  }
  void move() {
    switch (number(9)) {
      case 0:
      case 1:
        return accept_one();
      case 2:
      case 3:
        return begin_one();
      case 4:
        return advance_one();
      case 5:
        return end_one();
      case 6:
        return requeue_one();
      case 7:
        return send_or_delete_one();
      default:
        if (number(4) == 0) give_back_all();
        if (number(4) == 0) test.clock.advance(number(10) * kDayUs);
        if (number(10) == 0) test.open();
    }
  }
  void expect_model() {
    const Spending used = spending();
    EXPECT_EQ(used.spent_micros, spent());
    EXPECT_EQ(used.reserved_micros, reserved());
    for (const auto& [id, job] : model_) {
      const Job found = jobs().find(id).value();
      EXPECT_EQ(found.state, job.state);
      EXPECT_EQ(found.reserved_micros, job.reserved);
    }
    expect_consistent();
  }

  static constexpr int64_t kBudget = 3000;
  std::mt19937 random_{GetParam()};
  std::map<std::string, ModelJob> model_;
  std::map<int64_t, int64_t> spent_;
};

TEST_P(RandomMoves, AgreeWithAModel) {
  limit({.budget_micros = kBudget});
  for (int i = 1; i <= 500; ++i) {
    move();
    if (i % 50 == 0) expect_model();
    ASSERT_FALSE(HasFailure()) << "after move " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomMoves, testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace limner
