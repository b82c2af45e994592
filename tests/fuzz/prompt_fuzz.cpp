// The first byte is the number of steps, the rest a prompt.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/clip_tokenizer.h"
#include "text/prompt.h"
#include "text/token_window.h"

namespace limner {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_windows(const ClipTokenizer& tokenizer, const std::vector<Section>& sections) {
  constexpr int kWindow = 16;
  for (const LongPrompt mode : {LongPrompt::truncate, LongPrompt::chunk}) {
    const TokenizedPrompt prompt = window_tokens(tokenizer, sections, kWindow, mode);
    require(!prompt.chunks.empty());
    for (const TokenChunk& chunk : prompt.chunks) {
      require(chunk.ids.size() == kWindow && chunk.weights.size() == kWindow);
      require(chunk.eos_index >= 1 && chunk.ids.at(static_cast<size_t>(chunk.eos_index)) == tokenizer.eos());
    }
  }
}

void check_branch(const ClipTokenizer& tokenizer, const PromptBranch& branch, int steps) {
  require(!branch.stages.empty() && branch.stages.back().until_step == steps);
  int previous = 0;
  for (const PromptStage& stage : branch.stages) {
    require(stage.until_step > previous && !stage.sections.empty());
    previous = stage.until_step;
    for (const Section& section : stage.sections) {
      require(!section.empty());
      for (const WeightedText& piece : section) require(std::abs(piece.weight) <= kPromptWeightMax);
    }
    check_windows(tokenizer, stage.sections);
  }
}

}  // namespace
}  // namespace limner

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  if (size == 0) return 0;
  const int steps = data[0] % 16 + 1;
  const std::string_view prompt(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const Result<ClipTokenizer> tokenizer = ClipTokenizer::from_merges("t h\nth e</w>\na n\nan d</w>\n");
  require(tokenizer.has_value());
  for (const PromptSyntax syntax : {PromptSyntax::plain, PromptSyntax::a1111}) {
    const Result<PromptPlan> plan = plan_prompt(prompt, syntax, steps);
    if (!plan) continue;
    require(!plan->branches.empty());
    for (const PromptBranch& branch : plan->branches) check_branch(*tokenizer, branch, steps);
  }
  return 0;
}
