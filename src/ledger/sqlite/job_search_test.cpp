// Finding jobs by what is known of them.

#include <algorithm>

#include "ledger/sqlite/job_test.h"

namespace limner {
namespace {

class SearchTest : public JobTest {
 protected:
  Job add(const std::string& prompt, uint64_t seed = 0, std::vector<std::string> tags = {}) {
    Job job = test.job();
    // Ids of one millisecond are in no order.
    while (job.id <= last_id_) job.id = new_id("job");
    last_id_ = job.id;
    job.prompt = prompt;
    job.seed = seed;
    job.tags = std::move(tags);
    test.clock.advance(kSecondUs);
    return accept(job);
  }
  std::vector<std::string> search(JobQuery query) {
    std::vector<std::string> prompts;
    const std::vector<Job> found = jobs().search(query).value().jobs;
    for (const Job& job : found) prompts.push_back(job.prompt);
    return prompts;
  }
  using Prompts = std::vector<std::string>;

 private:
  std::string last_id_;
};

TEST_F(SearchTest, FindsTextOfAnyCaseThatMeansItself) {
  add("A 100% wool coat");
  add("a 100 year old wool_coat");
  EXPECT_EQ(search({.text = "WOOL"}), (Prompts{"a 100 year old wool_coat", "A 100% wool coat"}));
  EXPECT_EQ(search({.text = "100%"}), Prompts{"A 100% wool coat"});
  EXPECT_EQ(search({.text = "l_c"}), Prompts{"a 100 year old wool_coat"});
  EXPECT_EQ(search({.text = "\\"}), Prompts{});
  EXPECT_EQ(jobs().search({.text = std::string(1001, 'a')}).error().field, "text");
}

TEST_F(SearchTest, FindsByEverythingElse) {
  const Job first = add("one", 1, {"x", "y"});
  const Job second = add("two", 0xffff'ffff'ffff'ffff, {"x"});
  begin(second);
  EXPECT_EQ(search({.tag = "x"}), (Prompts{"two", "one"}));
  EXPECT_EQ(search({.tenant = test.tenant.id, .tag = "y"}), Prompts{"one"});
  EXPECT_EQ(search({.tenant = "ten_other", .tag = "y"}), Prompts{});
  EXPECT_EQ(search({.tenant = "ten_other"}), Prompts{});
  EXPECT_EQ(search({.model = "other"}), Prompts{});
  EXPECT_EQ(search({.seed = 0xffff'ffff'ffff'ffff}), Prompts{"two"});
  EXPECT_EQ(search({.states = {JobState::queued, JobState::stored}}), Prompts{"one"});
  EXPECT_EQ(search({.tier = Tier::batch}), Prompts{});
  EXPECT_EQ(search({.from = second.submitted}), Prompts{"two"});
  EXPECT_EQ(search({.to = second.submitted}), Prompts{"one"});
  EXPECT_EQ(first.tags.size(), 2u);
}

TEST_F(SearchTest, ComesInPages) {
  for (int i = 0; i < 5; ++i) add(std::to_string(i));
  std::vector<std::string> all;
  JobQuery query{.tenant = test.tenant.id};
  query.limit = 2;
  for (;;) {
    const std::vector<Job> page = jobs().search(query).value().jobs;
    if (page.empty()) break;
    for (const Job& job : page) all.push_back(job.id);
    query.before = page.back().id;
  }
  EXPECT_EQ(all.size(), 5u);
  EXPECT_TRUE(std::is_sorted(all.rbegin(), all.rend()));
  query.limit = 501;
  EXPECT_EQ(jobs().search(query).error().field, "limit");
}

}  // namespace
}  // namespace limner
