#pragma once
// A1111's way to name LoRAs: <lora:NAME:WEIGHT> inside the prompt.

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/params.h"

namespace limner {

struct TaggedPrompt {
  std::string text;  ///< without the tags
  std::vector<NamedWeight> loras;
};

/// Takes the tags out of a prompt. `<lora:NAME>` weighs 1; `<lora:NAME:UNET:TEXT>` is taken where both
/// weights are equal. A tag that names another kind of network ("hypernet", "lyco") or no number is `invalid`
/// with field "prompt".
Result<TaggedPrompt> take_lora_tags(const std::string& prompt);

}  // namespace limner
