#pragma once
// Whether bytes that somebody brought are a LoRA in a safetensors file.

#include <string_view>

#include "base/result.h"

namespace limner {

/// Looks at the header alone (https://huggingface.co/docs/safetensors: 8 bytes of length, then JSON): that it
/// describes tensors that lie within the file, and that at least one is named as parts of a LoRA, LoHa or
/// LoKr are. The rest is checked when the model is loaded with it. `invalid` with `field`.
Result<void> check_lora_bytes(std::string_view bytes, std::string_view field);

}  // namespace limner
