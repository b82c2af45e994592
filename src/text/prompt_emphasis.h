#pragma once
// The part of A1111's prompt syntax that weighs text: (more), [less], (exactly:1.3), and BREAK.

#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/prompt.h"

namespace limner {

/// The weighted texts of `text`, cut into sections at each BREAK. Round brackets multiply by 1.1, square ones
/// divide by it; unclosed ones hold to the end. Errors as `plan_prompt`.
Result<std::vector<Section>> parse_emphasis(std::string_view text);

}  // namespace limner
