#pragma once
// Patterns of prompts, for stopping in a hurry.

#include <string_view>

namespace limner {

/// Whether `prompt` has a place that `pattern` fits: '*' stands for anything, letters of ASCII count the same
/// in both cases. Takes time proportional to both lengths multiplied, at most.
bool prompt_has(std::string_view prompt, std::string_view pattern);

}  // namespace limner
