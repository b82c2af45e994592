#pragma once
// Prompts to what the UNet is conditioned on.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/model.h"
#include "engine/tokenized_prompts.h"

namespace limner {

/// What one row of a UNet batch is conditioned on.
struct Conditioning {
  int tokens = 0, width = 0;
  std::vector<float> context;  ///< [tokens, width]
  std::vector<float> pooled;   ///< [projection], empty where the family has none
};

/// Stages of one text share it: [a|b] has a stage a step and two texts.
using ConditioningPtr = std::shared_ptr<const Conditioning>;

/// A prompt over the course of the steps: [a:b:0.4] changes the text under way.
struct ConditioningStage {
  int until_step = 0;  ///< in force for steps before this one
  ConditioningPtr conditioning;
};

/// One AND branch of a prompt with its weight.
struct ConditioningBranch {
  float weight = 1;
  std::vector<ConditioningStage> stages;
  const Conditioning& at(int step) const;
};

struct PromptConditioning {
  std::vector<ConditioningBranch> positive;
  ConditioningBranch negative;
  std::string dropped;          ///< text that fell off the window, for a warning; empty if none did
  bool breaks_ignored = false;  ///< there was a BREAK, which only long_prompt=chunk heeds
};

/// Encodes both prompts with the model's text encoders. A missing negative prompt is the empty text, or zeros
/// where the family says so.
Result<PromptConditioning> encode_prompts(Model& model, const DrawingParams& params,
                                          const TokenizedPrompts& prompts);

/// a (1 - t) + b t, element by element; the same shapes.
void blend(PromptConditioning& a, const PromptConditioning& b, float t);

}  // namespace limner
