#pragma once
// The JSON Schemas that routes name as "#NAME".

#include <span>
#include <string_view>

#include "base/json.h"

namespace limner {

/// One that several routes answer with.
struct NamedSchema {
  std::string_view name, text;  ///< JSON Schema text (2020-12); references are "#/components/schemas/NAME"
};
std::span<const NamedSchema> named_schemas();

}  // namespace limner
