#pragma once
// The JSON Schemas that routes name as "#NAME".

#include <span>
#include <string_view>

#include "base/json.h"

namespace limner {

/// Of answers that are an object with whatever members.
inline constexpr std::string_view kObjectSchema = R"({"type":"object"})";

/// One that several routes answer with.
struct NamedSchema {
  std::string_view name, text;  ///< JSON Schema text (2020-12); references are "#/components/schemas/NAME"
};
std::span<const NamedSchema> named_schemas();

}  // namespace limner
