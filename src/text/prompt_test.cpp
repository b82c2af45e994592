#include "text/prompt.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace limner {
namespace {

PromptPlan planned(std::string_view prompt, int steps = 10) {
  Result<PromptPlan> plan = plan_prompt(prompt, PromptSyntax::a1111, steps);
  EXPECT_TRUE(plan) << plan.error().text();
  return plan ? std::move(plan).value() : PromptPlan{};
}

std::string planning_error(std::string_view prompt, int steps = 10) {
  const Result<PromptPlan> plan = plan_prompt(prompt, PromptSyntax::a1111, steps);
  return plan ? "none" : plan.error().text();
}

// "text@weight text@weight / next section"
std::string show(const std::vector<Section>& sections) {
  std::string out;
  for (const Section& section : sections) {
    if (&section != &sections.front()) out += " / ";
    for (const WeightedText& piece : section) {
      if (&piece != &section.front()) out += "|";
      out += piece.weight == 1.0f ? piece.text : fmt::format("{}@{:.4g}", piece.text, piece.weight);
    }
  }
  return out;
}

std::string emphasis(std::string_view prompt) {
  return show(planned(prompt).branches.at(0).stages.at(0).sections);
}

using Stages = std::vector<std::pair<int, std::string>>;
Stages schedule(std::string_view prompt, int steps = 10) {
  Stages stages;
  const PromptPlan plan = planned(prompt, steps);
  for (const PromptStage& stage : plan.branches.at(0).stages)
    stages.emplace_back(stage.until_step, show(stage.sections));
  return stages;
}

TEST(Prompt, PlainTextStandsAsItIs) {
  const Result<PromptPlan> plan = plan_prompt("(a:1.2) AND [b:3] BREAK", PromptSyntax::plain, 20);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->branches.size(), 1u);
  ASSERT_EQ(plan->branches[0].stages.size(), 1u);
  EXPECT_EQ(plan->branches[0].weight, 1.0f);
  EXPECT_EQ(plan->branches[0].stages[0].until_step, 20);
  EXPECT_EQ(show(plan->branches[0].stages[0].sections), "(a:1.2) AND [b:3] BREAK");
}

// The examples of AUTOMATIC1111's own documentation of parse_prompt_attention.
TEST(Prompt, EmphasisAsDocumented) {
  EXPECT_EQ(emphasis("normal text"), "normal text");
  EXPECT_EQ(emphasis("an (important) word"), "an |important@1.1| word");
  EXPECT_EQ(emphasis("(unbalanced"), "unbalanced@1.1");
  EXPECT_EQ(emphasis("\\(literal\\]"), "(literal]");
  EXPECT_EQ(emphasis("(unnecessary)(parens)"), "unnecessaryparens@1.1");
  EXPECT_EQ(emphasis("a (((house:1.3)) [on] a (hill:0.5), sun, (((sky)))."),
            "a |house@1.573| @1.1|on| a @1.1|hill@0.55|, sun, @1.1|sky@1.464|.@1.1");
}

TEST(Prompt, EmphasisAtItsEdges) {
  EXPECT_EQ(emphasis(""), "");
  EXPECT_EQ(emphasis("(a: -1.5 )"), "a@-1.5");
  EXPECT_EQ(emphasis("a:1.5) b"), "a:1.5) b");
  EXPECT_EQ(emphasis("(a:b)"), "a:b@1.1");
  EXPECT_EQ(emphasis("a\\b \\\\ c\\"), "ab \\ c");
  EXPECT_EQ(emphasis("[a]"), "a@0.9091");
  EXPECT_EQ(emphasis("a) ] b"), "a) ] b");
}

TEST(Prompt, BreakStartsASection) {
  EXPECT_EQ(emphasis("a BREAK b"), "a / b");
  EXPECT_EQ(emphasis("BREAK a BREAKING\nBREAK\n"), " / a BREAKING / ");
  EXPECT_EQ(emphasis("(a BREAK b:1.2)"), "a@1.2 / b@1.2");
}

// The examples of AUTOMATIC1111's own documentation of get_learned_conditioning_prompt_schedules.
TEST(Prompt, SchedulesAsDocumented) {
  EXPECT_EQ(schedule("test"), (Stages{{10, "test"}}));
  EXPECT_EQ(schedule("a [b:3]"), (Stages{{3, "a "}, {10, "a b"}}));
  EXPECT_EQ(schedule("a [b: 3]"), (Stages{{3, "a "}, {10, "a b"}}));
  EXPECT_EQ(schedule("a [[[b]]:2]"), (Stages{{2, "a "}, {10, "a |b@0.8264"}}));
  EXPECT_EQ(schedule("[(a:2):3]"), (Stages{{3, ""}, {10, "a@2"}}));
  EXPECT_EQ(schedule("a [b : c : 1] d"), (Stages{{1, "a b  d"}, {10, "a  c  d"}}));
  EXPECT_EQ(schedule("a[b:[c:d:2]:1]e"), (Stages{{1, "abe"}, {2, "ace"}, {10, "ade"}}));
  EXPECT_EQ(schedule("a [unbalanced"), (Stages{{10, "a |unbalanced@0.9091"}}));
  EXPECT_EQ(schedule("a [b:.5] c"), (Stages{{5, "a  c"}, {10, "a b c"}}));
  EXPECT_EQ(schedule("((a][:b:c [d:3]").size(), 2u);
  EXPECT_EQ(schedule("[a|(b:1.1)]", 3), (Stages{{1, "a"}, {2, "b@1.1"}, {3, "a"}}));
  EXPECT_EQ(schedule("[fe|]male", 4), (Stages{{1, "female"}, {2, "male"}, {3, "female"}, {4, "male"}}));
  EXPECT_EQ(schedule("[fe|||]male", 5), (Stages{{1, "female"}, {4, "male"}, {5, "female"}}));
}

TEST(Prompt, SchedulesAtTheirEdges) {
  EXPECT_EQ(schedule("[a:b:0]"), (Stages{{10, "b"}}));
  EXPECT_EQ(schedule("[a:b:-3]"), (Stages{{10, "b"}}));
  EXPECT_EQ(schedule("[a:b:99]"), (Stages{{10, "a"}}));
  EXPECT_EQ(schedule("[a:b:1e999]"), (Stages{{10, "a:b:1e999@0.9091"}}));
  EXPECT_EQ(schedule("[a::4]"), (Stages{{4, "a"}, {10, ""}}));
  EXPECT_EQ(schedule("[a:b]"), (Stages{{10, "a:b@0.9091"}}));
  EXPECT_EQ(schedule("[a\\:b:4]"), (Stages{{4, ""}, {10, "a:b"}}));
  EXPECT_EQ(schedule("a|b [c:5]"), (Stages{{5, "a|b "}, {10, "a|b c"}}));
}

TEST(Prompt, AndJoinsBranches) {
  const PromptPlan plan = planned("a cat :1.2 AND a dog AND SAND :-.5");
  ASSERT_EQ(plan.branches.size(), 3u);
  EXPECT_FLOAT_EQ(plan.branches[0].weight, 1.2f);
  EXPECT_FLOAT_EQ(plan.branches[1].weight, 1.0f);
  EXPECT_FLOAT_EQ(plan.branches[2].weight, -0.5f);
  EXPECT_EQ(show(plan.branches[0].stages[0].sections), "a cat");
  EXPECT_EQ(show(plan.branches[2].stages[0].sections), " SAND");
}

TEST(Prompt, RefusesWhatIsOutOfBounds) {
  EXPECT_NE(planning_error(std::string(kPromptBytesMax + 1, 'a')).find("bytes"), std::string::npos);
  EXPECT_NE(planning_error(std::string(65, '(')).find("nested"), std::string::npos);
  EXPECT_NE(planning_error("(a:1.2.3)").find("1.2.3"), std::string::npos);
  EXPECT_NE(planning_error("(a:.)").find("'.'"), std::string::npos);
  EXPECT_NE(planning_error("(a:1001)").find("1001"), std::string::npos);
  EXPECT_NE(planning_error("((a:999):999)").find("weight"), std::string::npos);
  EXPECT_NE(planning_error("a :1001").find("1001"), std::string::npos);
  EXPECT_NE(planning_error("a", 0).find("steps"), std::string::npos);
  std::string many = "a";
  for (int i = 0; i < 32; ++i) many += " AND a";
  EXPECT_NE(planning_error(many).find("AND"), std::string::npos);
  EXPECT_NE(planning_error("[a|b]" + std::string(60000, 'x'), 1000).find("spells out"), std::string::npos);
}

}  // namespace
}  // namespace limner
