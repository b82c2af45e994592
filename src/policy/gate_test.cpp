#include "policy/gate.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

namespace limner {
namespace {

// A check that does what a test says.
class FakeCheck final : public PromptCheck, public PictureCheck {
 public:
  using Look = std::function<Result<std::vector<Finding>>()>;
  explicit FakeCheck(Look look) : look_(std::move(look)) {}
  Result<std::vector<Finding>> look(std::span<const EncodedPrompt* const>) const override { return look_(); }
  Result<std::vector<Finding>> look(const Picture&) const override { return look_(); }

 private:
  Look look_;
};

Finding finding(Outcome outcome, std::string category = "sexual", double score = 0.5) {
  return {"fake", "r", std::move(category), score, outcome, outcome == Outcome::pass ? "" : "because"};
}

class Gate : public ::testing::Test {
 protected:
  void add(FakeCheck::Look look) {
    const auto check = std::make_shared<FakeCheck>(std::move(look));
    policy_.prompt_checks.push_back(check);
    policy_.picture_checks.push_back(check);
  }
  void add(std::vector<Finding> findings) {
    add([findings] { return findings; });
  }
  // Both doors must say the same.
  Verdict verdict() {
    const Verdict picture = check_picture(policy_, Picture{1, 1, 3, {1, 2, 3}}, clock_);
    Verdict prompt = check_prompts(policy_, encoded_prompts(DrawingParams{.prompt = "a"}, 20), clock_);
    EXPECT_EQ(picture.outcome, prompt.outcome);
    EXPECT_EQ(picture.reasons(), prompt.reasons());
    return prompt;
  }

  Policy policy_{.version = "v7"};
  ManualClock clock_{0};
};

TEST_F(Gate, TheStrictestVerdictWins) {
  add({finding(Outcome::pass), finding(Outcome::hold)});
  EXPECT_EQ(verdict().outcome, Outcome::hold);
  add({finding(Outcome::refuse, "violence", 0.9), finding(Outcome::pass)});
  EXPECT_EQ(verdict().outcome, Outcome::refuse);
  EXPECT_EQ(verdict().policy, "v7");
}

TEST_F(Gate, CategoriesNobodyCheckedAreUnchecked) {
  add({finding(Outcome::pass, "sexual", 0.25)});
  const Json json = verdict_json(verdict());
  EXPECT_EQ(json["verdict"], "pass");
  EXPECT_EQ(json["categories"]["sexual"]["verdict"], "pass");
  EXPECT_EQ(json["categories"]["sexual"]["score"], 0.25);
  EXPECT_EQ(json["categories"].size(), categories().size());
  for (const auto& [name, category] : json["categories"].items())
    EXPECT_EQ(category["verdict"] == "unchecked", name != "sexual") << name;
}

TEST_F(Gate, AnErrorIsAHold) {
  add({finding(Outcome::pass)});
  add([]() -> Result<std::vector<Finding>> { return not_found("classifier", "is not there"); });
  EXPECT_EQ(verdict().outcome, Outcome::hold);
  EXPECT_NE(verdict().reasons().at(0).find("classifier: is not there"), std::string::npos);
}

TEST_F(Gate, AnExceptionIsAHold) {
  add([]() -> Result<std::vector<Finding>> { throw std::runtime_error("broken"); });
  EXPECT_EQ(verdict().outcome, Outcome::hold);
  policy_.prompt_checks.clear();
  policy_.picture_checks.clear();
  add([]() -> Result<std::vector<Finding>> { throw 3; });
  EXPECT_EQ(verdict().outcome, Outcome::hold);
}

TEST_F(Gate, AnErrorDoesNotSoftenARefusal) {
  add([]() -> Result<std::vector<Finding>> { return not_found("classifier", "is not there"); });
  add({finding(Outcome::refuse)});
  EXPECT_EQ(verdict().outcome, Outcome::refuse);
}

TEST_F(Gate, ACheckThatTakesTooLongIsAHold) {
  policy_.prompt_timeout = policy_.picture_timeout = kSecondUs;
  bool later_asked = false;
  add([&]() -> Result<std::vector<Finding>> {
    clock_.advance(kSecondUs + 1);
    return std::vector{finding(Outcome::pass)};
  });
  add([&]() -> Result<std::vector<Finding>> {
    later_asked = true;
    return std::vector{finding(Outcome::pass)};
  });
  EXPECT_EQ(verdict().outcome, Outcome::hold);
  EXPECT_FALSE(later_asked);
  EXPECT_NE(verdict().reasons().at(0).find("1000 ms"), std::string::npos);
}

TEST_F(Gate, NothingToCheckPassesAndSaysThatNothingWasChecked) {
  const Verdict empty = verdict();
  EXPECT_EQ(empty.outcome, Outcome::pass);
  for (const CategoryVerdict& category : empty.categories) EXPECT_FALSE(category.score);
}

Policy nudity_policy(bool negative) {
  const std::string text = std::string("version = \"1\"\n[prompt]\nnegative = ") +
                           (negative ? "true" : "false") +
                           "\n[[prompt.terms]]\nname = \"nudity\"\naction = \"refuse\"\nterms = [\"nude\"]\n"
                           "[[prompt.terms]]\nname = \"gore\"\naction = \"hold\"\nterms = [\"gore\"]\n";
  Result<Policy> policy = parse_policy(text, "p.toml");
  EXPECT_TRUE(policy);
  return std::move(policy).value();
}

TEST(PromptGate, NegativePromptsAreExemptUnlessSelected) {
  const DrawingParams params{.prompt = "a portrait", .negative = "nude"};
  const EncodedPrompts prompts = encoded_prompts(params, 20);
  EXPECT_EQ(check_prompts(nudity_policy(false), prompts, SystemClock()).outcome, Outcome::pass);
  const Verdict checked = check_prompts(nudity_policy(true), prompts, SystemClock());
  EXPECT_EQ(checked.outcome, Outcome::refuse);
  EXPECT_EQ(checked.reasons().at(0), "the negative prompt is refused by the rule \"nudity\"");
}

TEST(PromptGate, ReasonsNameRulesAndNotTerms) {
  const DrawingParams params{.prompt = "gore, n\u200Bude"};
  const Verdict verdict = check_prompts(nudity_policy(false), encoded_prompts(params, 20), SystemClock());
  EXPECT_EQ(verdict.outcome, Outcome::refuse);
  EXPECT_EQ(verdict.rules(), (std::vector<std::string>{"nudity", "gore"}));
  EXPECT_EQ(verdict_json(verdict).dump().find("nude"), std::string::npos);
}

TEST(PromptGate, WhatCannotBeReadIsHeld) {
  DrawingParams params{.prompt = std::string(100, '(')};
  params.prompt_syntax = "a1111";
  EXPECT_EQ(check_prompts(nudity_policy(false), encoded_prompts(params, 20), SystemClock()).outcome,
            Outcome::hold);
}

// Every check in the list
// -------------------------------------------------------------------------------------

TEST(Checks, EachHasANameADocAndAnExampleThatParses) {
  for (const CheckInfo* check : checks()) {
    EXPECT_FALSE(check->name.empty());
    EXPECT_FALSE(check->doc.empty()) << check->name;
    EXPECT_NE(check->make_prompt_check == nullptr, check->make_picture_check == nullptr) << check->name;
    const Result<Policy> policy =
        parse_policy("version = \"1\"\n" + std::string(check->example), std::string(check->name));
    ASSERT_TRUE(policy) << policy.error().text();
    EXPECT_EQ(policy->prompt_checks.size() + policy->picture_checks.size(), 1u) << check->name;
  }
}

TEST(Checks, EachRefusesKeysThatItDoesNotKnow) {
  for (const CheckInfo* check : checks()) {
    const std::string text = "version = \"1\"\n" + std::string(check->example) + "nonesuch = 1\n";
    const Result<Policy> policy = parse_policy(text, "p.toml");
    ASSERT_FALSE(policy) << check->name;
    EXPECT_NE(policy.error().text().find("nonesuch"), std::string::npos) << policy.error().text();
  }
}

TEST(Checks, NoTwoHaveOneName) {
  for (const CheckInfo* a : checks())
    for (const CheckInfo* b : checks())
      EXPECT_EQ(a == b, a->name == b->name || (a->key == b->key && a->table() == b->table()));
}

}  // namespace
}  // namespace limner
