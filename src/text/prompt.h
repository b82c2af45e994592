#pragma once
// A prompt as its author wrote it, planned: which texts count how much, at which steps.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

/// How a prompt is read.
enum class PromptSyntax {
  plain,  ///< as it stands
  /// AUTOMATIC1111's: (more), [less], (exactly:1.3), \( escapes, [from:to:when], [to:when], [from::when],
  /// [a|b], BREAK, AND, `text :0.8` at the end of a branch.
  a1111
};

/// Text whose tokens are emphasised by `weight`, 1 for not at all; |weight| <= kPromptWeightMax.
struct WeightedText {
  std::string text;
  float weight = 1.0f;
};

/// What lies between two BREAKs; one text or more (an empty one if there is nothing).
using Section = std::vector<WeightedText>;

/// The text in force for steps (0-based) below `until_step` and from the stage before on.
struct PromptStage {
  int until_step = 0;
  std::vector<Section> sections;
};

/// One of the prompts that AND joins. `weight` scales how far it pulls away from the negative prompt.
struct PromptBranch {
  float weight = 1.0f;
  std::vector<PromptStage> stages;  ///< ascending `until_step`, the last is the number of steps
};

struct PromptPlan {
  std::vector<PromptBranch> branches;  ///< one or more
};

inline constexpr size_t kPromptBytesMax = 64u << 10;
inline constexpr int kPromptNestingMax = 64;
inline constexpr size_t kPromptBranchesMax = 32;
inline constexpr int kPromptStepsMax = 10000;
inline constexpr float kPromptWeightMax = 1000.0f;

/// Plans `prompt` for a drawing of `steps` steps, 1 to kPromptStepsMax.
///
/// `when` is a step, or a fraction of `steps` if it has a decimal point; before it `from` is in force. [a|b]
/// takes turns, a step each. Brackets without partner and colons without number are text. Where AUTOMATIC1111
/// gives up on a prompt's whole schedule (a lone `|` or trailing backslash), we take that character as text;
/// and a BREAK inside brackets breaks.
///
/// `invalid` with the field "prompt": longer than kPromptBytesMax, brackets nested deeper than
/// kPromptNestingMax, a weight that is no number or beyond kPromptWeightMax, more than kPromptBranchesMax
/// branches, or a schedule that spells out to more than 4 MiB.
///
/// Grammar: modules/prompt_parser.py of stable-diffusion-webui 1.10.
Result<PromptPlan> plan_prompt(std::string_view prompt, PromptSyntax syntax, int steps);

}  // namespace limner
