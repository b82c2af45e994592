// Limits, keys and the names of states.

#include <gtest/gtest.h>

#include "ledger/jobs.h"
#include "ledger/tenants.h"

namespace limner {
namespace {

TEST(LimitsTest, AreTheSameAgainFromJson) {
  const Json json = {{"requests_per_minute", 60}, {"concurrent_jobs", 0},  {"pictures_per_day", 5},
                     {"budget_micros", 12500000}, {"pixels_max", 1048576}, {"models", {"a", "b"}},
                     {"tiers", {"batch"}}};
  EXPECT_EQ(limits_to_json(limits_from_json(json, "limits").value()), json);
  EXPECT_EQ(limits_to_json({}), Json::object());
  EXPECT_FALSE(limits_from_json({{"concurrent_jobs", nullptr}}, "limits").value().concurrent_jobs);
}

TEST(LimitsTest, RefuseWhatTheyAreNot) {
  const Json wrong[] = {{{"concurrent_jobs", -1}},
                        {{"concurrent_jobs", 1.5}},
                        {{"concurrent_jobs", "1"}},
                        {{"concurrent_jobs", 4294967296}},
                        {{"budget_micros", uint64_t(-1)}},
                        {{"models", "a"}},
                        {{"models", {1}}},
                        {{"tiers", {"fast"}}},
                        {{"unknown", 1}},
                        Json::array()};
  for (const Json& json : wrong) {
    const Result<Limits> limits = limits_from_json(json, "limits");
    ASSERT_FALSE(limits) << json;
    EXPECT_EQ(limits.error().code, Code::invalid);
    EXPECT_TRUE(limits.error().field.starts_with("limits")) << limits.error().field;
  }
}

TEST(ApiKeyTest, IsLongAndKnownByItsDigest) {
  const NewKey made = make_key("ten_1", "name", static_cast<Scopes>(Scope::read), 10, 20);
  EXPECT_TRUE(made.text.starts_with("lim_"));
  EXPECT_EQ(made.text.size(), 4u + 43u);
  EXPECT_EQ(made.key.secret_sha256, secret_sha256(made.text));
  EXPECT_NE(make_key("ten_1", "name", 1, 10, 20).text, made.text);
  EXPECT_TRUE(made.key.allows(Scope::read));
  EXPECT_FALSE(made.key.allows(Scope::draw));
  EXPECT_TRUE(made.key.valid_at(19));
  EXPECT_FALSE(made.key.valid_at(20));
}

TEST(NamesTest, ComeBack) {
  for (int i = 0; i < 10; ++i) {
    const auto state = static_cast<JobState>(i);
    EXPECT_EQ(job_state_from_name(job_state_name(state)).value(), state);
    EXPECT_EQ(has_ended(state), i >= 4);
  }
  EXPECT_EQ(tier_from_name("batch").value(), Tier::batch);
  EXPECT_EQ(tier_from_name("soon").error().field, "tier");
  EXPECT_EQ(scope_from_name("review").value(), Scope::review);
  EXPECT_EQ(scope_from_name("root").error().field, "scope");
}

}  // namespace
}  // namespace limner
