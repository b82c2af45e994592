#include "policy/encoded_prompts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/term_matcher.h"

namespace limner {
namespace {

EncodedPrompts encoded(const std::string& prompt, const std::string& syntax = "a1111") {
  DrawingParams params;
  params.prompt = prompt;
  params.prompt_syntax = syntax;
  return encoded_prompts(params, 20);
}

bool finds_encoded(const std::string& prompt, const std::string& syntax = "a1111") {
  TermMatcher matcher;
  for (const char* term : {"nude", "naked child"}) EXPECT_TRUE(matcher.add_term(0, term));
  matcher.finish();
  const EncodedPrompts prompts = encoded(prompt, syntax);
  EXPECT_FALSE(prompts.unreadable) << prompts.unreadable->text();
  return std::any_of(prompts.prompts[0].texts.begin(), prompts.prompts[0].texts.end(),
                     [&](const PromptText& text) { return !matcher.broken_rules(text).empty(); });
}

TEST(EncodedPrompts, EmphasisHidesNothing) {
  for (const char* prompt : {"a nu(de:1.2) woman", "((n)(u)(d)(e))", "[nu]de", "(nu:0.5)(de:1.5)",
                             "(naked:1.2) (child:0.9)", "nu\\de", "(((na)ked)) [child]"}) {
    EXPECT_TRUE(finds_encoded(prompt, "a1111")) << prompt;
    EXPECT_TRUE(finds_encoded(prompt, "plain")) << prompt;
  }
}

TEST(EncodedPrompts, BreaksAndBranchesHideNothing) {
  for (const char* prompt : {"a nu BREAK de woman", "naked BREAK child", "(na:1.3)ked BREAK (child:1.1)",
                             "naked AND child", "a naked :0.8 AND child :0.6", "n BREAK u BREAK d BREAK e"})
    EXPECT_TRUE(finds_encoded(prompt)) << prompt;
}

TEST(EncodedPrompts, LongPromptsAreReadAcrossWindows) {
  std::string filler;
  for (int i = 0; i < 74; ++i) filler += "apple ";
  EXPECT_TRUE(finds_encoded(filler + "naked child"));
  EXPECT_TRUE(finds_encoded(filler + "nude"));
  EXPECT_FALSE(finds_encoded(filler));
}

TEST(EncodedPrompts, SchedulesHideNothing) {
  for (const char* prompt : {"[apple:nude:0.5]", "[nude::3]", "[apple|nude]", "nu[de:apple:0.9]", "nu[xx|de]",
                             "[naked:clothed:5] child", "[naked|child]"})
    EXPECT_TRUE(finds_encoded(prompt)) << prompt;
}

TEST(EncodedPrompts, TagsHideNothing) {
  EXPECT_TRUE(finds_encoded("nu<lora:style:0.8>de"));
  EXPECT_TRUE(finds_encoded("<lora:nude-style:1> apple"));
  EXPECT_TRUE(finds_encoded("naked <lora:a:1><lora:b:1> child"));
  EXPECT_FALSE(finds_encoded("an apple <lora:style:1>, 3 < 4"));
}

TEST(EncodedPrompts, EveryPromptIsThere) {
  DrawingParams params;
  params.prompt = "a";
  params.negative = "b";
  params.blend_prompt = "c";
  const EncodedPrompts prompts = encoded_prompts(params, 20);
  ASSERT_EQ(prompts.prompts.size(), 3u);
  EXPECT_EQ(prompts.prompts[1].role, EncodedPrompt::Role::negative);
  EXPECT_EQ(prompts.prompts[2].texts, std::vector<PromptText>{{"c"}});
}

TEST(EncodedPrompts, WhatCannotBeReadIsSaid) {
  EXPECT_TRUE(encoded(std::string(100, '(')).unreadable);
  EXPECT_TRUE(encoded(std::string(70000, 'a')).unreadable);
  EXPECT_FALSE(encoded(std::string(100, '('), "plain").unreadable);
}

}  // namespace
}  // namespace limner
