#include "policy/policy.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

std::string error_of(const std::string& text) {
  const Result<Policy> policy = parse_policy(text, "p.toml");
  return policy ? "none" : policy.error().text();
}

constexpr const char* kSmallest = R"(version = "2026-12-01"
[[prompt.terms]]
name = "nudity"
action = "refuse"
terms = ["nude"]
except = ["nude lipstick"]
)";

TEST(Policy, TheSmallestIsAVersionAndARule) {
  const Result<Policy> policy = parse_policy(kSmallest, "p.toml");
  ASSERT_TRUE(policy) << policy.error().text();
  EXPECT_EQ(policy->version, "2026-12-01");
  EXPECT_EQ(policy->prompt_checks.size(), 1u);
  EXPECT_FALSE(policy->check_negative);
}

TEST(Policy, EverythingElseHasADefault) {
  const Result<Policy> policy = parse_policy(
      "version = \"1\"\n[applies_to]\ntenants = [\"acme\"]\n[prompt]\nnegative = true\ntimeout_ms = 250\n"
      "[picture]\ntimeout_ms = 1500\n",
      "p.toml");
  ASSERT_TRUE(policy) << policy.error().text();
  EXPECT_TRUE(policy->check_negative);
  EXPECT_EQ(policy->prompt_timeout, 250'000);
  EXPECT_EQ(policy->picture_timeout, 1'500'000);
  EXPECT_EQ(policy->scope.tenants, std::vector<std::string>{"acme"});
}

struct Mistake {
  std::string text;
  std::vector<std::string> saying;
};

TEST(Policy, SaysWhatPersonsLookAt) {
  const Result<Policy> policy = parse_policy(
      "version = \"1\"\n[picture]\npreviews = \"check\"\n[review]\nsample = 0.25\nreviewers = 2\n", "p.toml");
  ASSERT_TRUE(policy) << policy.error().text();
  EXPECT_EQ(policy->previews, PreviewRule::check);
  EXPECT_EQ(policy->sample, 0.25);
  EXPECT_EQ(policy->reviewers, 2);
  EXPECT_NE(error_of("version = \"1\"\n[review]\nreviewers = 3\n").find("review.reviewers"),
            std::string::npos);
  EXPECT_NE(error_of("version = \"1\"\n[review]\nsample = 2\n").find("review.sample"), std::string::npos);
  EXPECT_NE(error_of("version = \"1\"\n[picture]\npreviews = \"show\"\n").find("picture.previews"),
            std::string::npos);
}

TEST(Policy, MistakesAreNamedWithTheirPlace) {
  const std::string rule = "version = \"1\"\n[[prompt.terms]]\nname = \"a\"\n";
  const Mistake kMistakes[] = {
      {"", {"version", "missing", "p.toml:1"}},
      {"version = 1", {"version", "1 is no name", "p.toml:1"}},
      {"version = \"\"", {"version", "1 to 64"}},
      {"version = \"1\"\nverdict = \"pass\"", {"verdict", "unknown", "p.toml:2", "prompt, picture"}},
      {"version = \"1\"\nversion = \"2\"", {"no TOML", "p.toml:2"}},
      {"version = 2026-12-01", {"version", "date", "p.toml:1"}},
      {rule + "terms = [\"nude\"]", {"prompt.terms[0].action", "missing", "p.toml:2"}},
      {rule + "action = \"burn\"\nterms = [\"nude\"]",
       {"prompt.terms[0].action", "\"burn\" is none of refuse, hold", "p.toml:4"}},
      {rule + "action = \"hold\"", {"prompt.terms[0].terms", "missing"}},
      {rule + "action = \"hold\"\nterms = []", {"prompt.terms[0].terms", "1 to"}},
      {rule + "action = \"hold\"\nterms = [\"nude\",\n \"?\"]",
       {"prompt.terms[0].terms[1]", "\"?\" has 0 letters", "p.toml:6"}},
      {rule + "action = \"hold\"\nterms = [7]", {"prompt.terms[0].terms[0]", "7 is no text"}},
      {rule + "action = \"hold\"\nterms = [\"nude\"]\nexcept = \"nude art\"", {"except", "is no list"}},
      {rule + "action = \"hold\"\nterms = [\"nude\"]\ncategory = \"bad\"", {"category", "sexual/minors"}},
      {rule + "action = \"hold\"\nterms = [\"nude\"]\nseverity = 3",
       {"prompt.terms[0].severity", "unknown", "p.toml:6", "except"}},
      {rule + "action = \"hold\"\nterms = [\"nude\"]\n[[prompt.terms]]\nname = \"a\"\naction = \"hold\"\n"
              "terms = [\"x y\"]",
       {"prompt.terms[1].name", "another rule", "p.toml:7"}},
      {"version = \"1\"\nprompt = 3", {"prompt", "no table"}},
      {"version = \"1\"\n[prompt]\nserver = \"https://x.example\"", {"prompt.server", "unknown"}},
      {"version = \"1\"\n[prompt]\ntimeout_ms = 0", {"prompt.timeout_ms", "0 is no number from 1 to"}},
      {"version = \"1\"\n[prompt]\nnegative = 1", {"prompt.negative", "neither true nor false"}},
      {"version = \"1\"\n[applies_to]\ntenants = []", {"applies_to.tenants", "1 to"}},
      {"version = \"1\"\na.b.c.d.e.f.g.h.i.j = 1", {"nested deeper than 8", "p.toml:2"}},
      {"version = \"1\"\na" + std::string(100, '.') + " = 1", {"64 dots", "p.toml:2"}},
      {std::string(kPolicyBytesMax + 1, '#'), {"p.toml", "at most 1048576"}},
  };
  for (const Mistake& mistake : kMistakes)
    for (const std::string& text : mistake.saying)
      EXPECT_NE(error_of(mistake.text).find(text), std::string::npos)
          << mistake.text.substr(0, 200) << "\n-> " << error_of(mistake.text) << "\nlacks " << text;
}

TEST(Policy, DottedKeysDoNotOverflowTheStack) {
  std::string text = "version = \"1\"\na";
  for (int i = 0; i < 300'000; ++i) text += ".a";
  EXPECT_NE(error_of(text + " = 1"), "none");
}

TEST(PolicyBook, TheMostSpecialPolicyIsAsked) {
  const auto with = [](std::string version, std::vector<std::string> tenants,
                       std::vector<std::string> tiers) {
    Policy policy;
    policy.version = std::move(version);
    policy.scope = {std::move(tenants), std::move(tiers)};
    return policy;
  };
  const Result<PolicyBook> book =
      PolicyBook::make({with("tier", {}, {"batch"}), with("all", {}, {}), with("tenant", {"a", "b"}, {}),
                        with("both", {"a"}, {"batch"})});
  ASSERT_TRUE(book) << book.error().text();
  EXPECT_EQ(book->policy_for("c", "realtime").version, "all");
  EXPECT_EQ(book->policy_for("c", "batch").version, "tier");
  EXPECT_EQ(book->policy_for("b", "batch").version, "tenant");
  EXPECT_EQ(book->policy_for("a", "batch").version, "both");
  EXPECT_FALSE(PolicyBook::make({}));
  EXPECT_FALSE(PolicyBook::make({with("tier", {}, {"batch"})}));
  EXPECT_FALSE(PolicyBook::make({with("all", {}, {}), with("all too", {}, {})}));
  EXPECT_FALSE(PolicyBook::make({with("all", {}, {}), with("x", {"a"}, {}), with("y", {"b", "a"}, {})}));
}

}  // namespace
}  // namespace limner
