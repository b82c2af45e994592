#pragma once
// The names that configs give to activations.

#include <optional>
#include <string_view>

#include "graph/ops.h"
#include "nets/config_reader.h"

namespace limner {

/// The activation that `key` names as diffusers does (silu, swish, gelu, relu); `fallback` when absent.
Result<op::Activation> read_activation(ConfigReader& config, std::string_view key, op::Activation fallback);
/// The same for a key whose absence means none.
Result<std::optional<op::Activation>> read_optional_activation(ConfigReader& config, std::string_view key);

}  // namespace limner
