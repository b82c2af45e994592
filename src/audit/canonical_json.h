#pragma once
// JSON with one text for one value.

#include <string>
#include <string_view>

#include "base/json.h"

namespace limner {

/// RFC 8785 (JCS) for what the log holds: keys of ASCII in order, no white space, and of numbers whole ones
/// within 2^53. `invalid` with `field` for other numbers, keys and texts that are not UTF-8.
Result<std::string> canonical_json(const Json& value, std::string_view field);

}  // namespace limner
