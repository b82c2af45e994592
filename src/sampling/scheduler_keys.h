#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace limner {

/// Checks that every key of a scheduler_config.json is one that a scheduler of diffusers 0.42.1 reads, and
/// that its value has the right type, lies within bounds and is something Limner draws with. null means
/// "unspecified". Keys that begin with an underscore are diffusers' bookkeeping. Errors name `field` (the
/// file) and the key.
Result<void> check_scheduler_keys(const Json& config, std::string_view field);

}  // namespace limner
