// Sums of what was used.

#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

class UsageTest : public JobTest {
 protected:
  void SetUp() override {
    draw("a", Tier::standard, {"x", "y"}, 10);
    draw("b", Tier::batch, {"x"}, 20);
    test.clock.advance(kDayUs);
    draw("a", Tier::standard, {}, 40);
  }
  void draw(const std::string& model, Tier tier, std::vector<std::string> tags, int64_t cost) {
    Job job = test.job();
    job.model = model;
    job.tier = tier;
    job.tags = std::move(tags);
    accept(job);
    begin(job);
    ASSERT_TRUE(end(job, JobState::stored, cost));
  }
  // "GROUP/GROUP=COST", in order.
  std::vector<std::string> costs(UsageQuery query) {
    std::vector<std::string> texts;
    const std::vector<UsageSum> sums = test->usage().sums(query).value();
    for (const UsageSum& sum : sums) {
      std::string text;
      for (const std::string& group : sum.group) text += group + "/";
      texts.push_back(text + "=" + std::to_string(sum.cost_micros));
    }
    return texts;
  }
  using Texts = std::vector<std::string>;
};

TEST_F(UsageTest, IsSummedUpByGroups) {
  EXPECT_EQ(costs({}), Texts{"=70"});
  EXPECT_EQ(costs({.by = {"model"}}), (Texts{"a/=50", "b/=20"}));
  EXPECT_EQ(costs({.by = {"tier", "day"}}),
            (Texts{"batch/2026-01-15/=20", "standard/2026-01-15/=10", "standard/2026-01-16/=40"}));
  EXPECT_EQ(costs({.by = {"tag"}}), (Texts{"/=40", "x/=30", "y/=10"}));
  EXPECT_EQ(costs({.by = {"tenant", "key"}}), Texts{test.tenant.id + "/" + test.key.id + "/=70"});
  EXPECT_EQ(costs({.by = {"job"}}).size(), 3u);
}

TEST_F(UsageTest, IsOfATenantAndATime) {
  EXPECT_EQ(costs({.tenant = test.tenant.id, .by = {"model"}}).size(), 2u);
  EXPECT_EQ(costs({.tenant = "ten_other", .by = {"model"}}).size(), 0u);
  EXPECT_EQ(costs({.from = kTestTime + 1}), Texts{"=40"});
  EXPECT_EQ(costs({.to = kTestTime + kDayUs}), Texts{"=30"});
  const UsageSum none = test->usage().sums({.tenant = "ten_other"}).value().at(0);
  EXPECT_EQ(none.jobs, 0);
  EXPECT_EQ(none.cost_micros, 0);
}

TEST_F(UsageTest, SumsEverything) {
  const UsageSum all = test->usage().sums({}).value().at(0);
  EXPECT_EQ(all.jobs, 3);
  EXPECT_EQ(all.pictures, 3);
  EXPECT_EQ(all.engine_us, 15'000);
  EXPECT_EQ(all.pixels, 3 * 64 * 32);
  EXPECT_EQ(all.bytes_stored, 3000);
}

TEST_F(UsageTest, KnowsNoOtherGroups) {
  EXPECT_EQ(test->usage().sums({.by = {"prompt"}}).error().field, "by");
  EXPECT_EQ(test->usage().sums({.by = std::vector<std::string>(8, "day")}).error().field, "by");
  EXPECT_EQ(test->usage().of_job("job_none").error().code, Code::not_found);
}

}  // namespace
}  // namespace limner
