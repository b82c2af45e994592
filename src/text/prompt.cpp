#include "text/prompt.h"

#include <fmt/format.h>

#include <cmath>

#include "text/prompt_emphasis.h"
#include "text/prompt_schedule.h"
#include "text/prompt_text.h"

namespace limner {
namespace {

constexpr size_t kSpelledBytesMax = 4u << 20;

// The texts that AND joins.
Result<std::vector<std::string_view>> split_branches(std::string_view prompt) {
  constexpr std::string_view kAnd = "AND";
  std::vector<std::string_view> branches;
  size_t begin = 0;
  for (size_t at = find_word(prompt, kAnd, 0); at != prompt.npos; at = find_word(prompt, kAnd, begin)) {
    branches.push_back(prompt.substr(begin, at - begin));
    begin = at + kAnd.size();
    if (branches.size() == kPromptBranchesMax)
      return invalid("prompt", fmt::format("more than {} texts joined by AND", kPromptBranchesMax));
  }
  branches.push_back(prompt.substr(begin));
  return branches;
}

// Takes the weight ": 0.8" off the end of a branch's text.
Result<float> take_weight(std::string_view& text) {
  text = trim_end(text);
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return 1.0f;
  const std::optional<double> weight = parse_decimal(trim(text.substr(colon + 1)), false);
  if (!weight) return 1.0f;
  if (!(std::abs(*weight) <= kPromptWeightMax))
    return invalid("prompt",
                   fmt::format("a weight of {:.6g}; at most {} is allowed", *weight, kPromptWeightMax));
  text = trim_end(text.substr(0, colon));
  return static_cast<float>(*weight);
}

// Adds the stages of one branch; `spelled` counts the bytes of all stages so far.
Result<PromptBranch> plan_branch(std::string_view text, int steps, size_t& spelled) {
  PromptBranch branch;
  branch.weight = TRY(take_weight(text));
  const PromptSchedule schedule = TRY(PromptSchedule::parse(text, steps));
  std::string previous;
  for (const int until : schedule.boundaries()) {
    std::string stage = schedule.text_at(until);
    if (!branch.stages.empty() && stage == previous) {
      branch.stages.back().until_step = until;
      continue;
    }
    spelled += stage.size();
    if (spelled > kSpelledBytesMax)
      return invalid("prompt", fmt::format("its schedule spells out to more than {} bytes", kSpelledBytesMax),
                     "shorten the prompt or the number of alternations");
    branch.stages.push_back({until, TRY(parse_emphasis(stage))});
    previous = std::move(stage);
  }
  return branch;
}

}  // namespace

Result<PromptPlan> plan_prompt(std::string_view prompt, PromptSyntax syntax, int steps) {
  if (prompt.size() > kPromptBytesMax)
    return invalid("prompt", fmt::format("{} bytes; at most {} are allowed", prompt.size(), kPromptBytesMax));
  if (steps < 1 || steps > kPromptStepsMax)
    return invalid("steps", fmt::format("{} is not in 1..{}", steps, kPromptStepsMax));
  PromptPlan plan;
  if (syntax == PromptSyntax::plain) {
    plan.branches = {{1.0f, {{steps, {{{std::string(prompt), 1.0f}}}}}}};
    return plan;
  }
  size_t spelled = 0;
  for (const std::string_view text : TRY(split_branches(prompt)))
    plan.branches.push_back(TRY(plan_branch(text, steps, spelled)));
  return plan;
}

}  // namespace limner
