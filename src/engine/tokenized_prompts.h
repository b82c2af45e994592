#pragma once
// Prompts cut into the windows that a model's text encoders read: what encoding and drawing will take is
// known, and nothing has been computed yet.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/model.h"
#include "text/token_window.h"

namespace limner {

/// One text (all its BREAK sections) as every encoder's tokenizer sees it.
struct TokenizedText {
  size_t sections = 1;
  std::vector<TokenizedPrompt> by_encoder;
};

/// The text in force for steps below `until_step`.
struct TokenizedStage {
  int until_step = 0;
  TokenizedText text;
};

/// One of the prompts that AND joins.
struct TokenizedBranch {
  float weight = 1;
  std::vector<TokenizedStage> stages;
};

/// A prompt and its negative prompt. All texts have the same number of chunks.
struct TokenizedPrompts {
  std::vector<TokenizedBranch> positive;
  std::optional<TokenizedBranch> negative;
  size_t chunks = 1;
};

/// Everything that one drawing reads.
struct TokenizedRequest {
  TokenizedPrompts prompts;
  std::optional<TokenizedPrompts> blended;  ///< what it is blended towards
};

/// Plans and tokenizes the prompts of resolved parameters. `invalid` or `unsupported` for what cannot be read
/// or does not go with the model: AND without guidance, blends of different lengths.
Result<TokenizedRequest> tokenize_request(const Model& model, const DrawingParams& params);

/// How the parameters say that a long prompt is read.
LongPrompt long_prompt_of(const DrawingParams& params);

}  // namespace limner
