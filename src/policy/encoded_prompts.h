#pragma once
// The texts that text encoders will read, known before anything is loaded.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/params.h"

namespace limner {

/// One text, in pieces: what emphasis, BREAK and tags split stands side by side, with a seam between.
using PromptText = std::vector<std::string>;

/// One of a request's prompts, as its author wrote it and as each encoder reads it over time.
struct EncodedPrompt {
  enum class Role : uint8_t { prompt, negative, blend };
  Role role = Role::prompt;
  std::vector<PromptText> texts;  ///< each once
};
/// "the prompt", "the negative prompt", "the prompt blended to".
const char* role_name(EncodedPrompt::Role role);

struct EncodedPrompts {
  std::vector<EncodedPrompt> prompts;
  /// Why they could not be read as prompts; what cannot be read cannot be checked.
  std::optional<Error> unreadable;
};

/// Steps to plan for where they are not known.
inline constexpr int kStepsUnknown = 50;

/// The prompts of `params`, as they are drawn in `steps` steps (kStepsUnknown: the model decides later).
///
/// Each prompt is read in every way it may be meant: as it is written; without tags (<lora:NAME:1>), AND and
/// BREAK; and every text that A1111's syntax makes of it at any step, brackets and weights taken off. This is
/// more than reaches an encoder - beyond its window, before a schedule's first step - and never less: windows
/// cut tokens, not this text. With prompt_syntax "plain" a prompt that has no A1111 reading is fine.
EncodedPrompts encoded_prompts(const DrawingParams& params, int steps);

}  // namespace limner
