#pragma once
// What kind of JSON value a field of a client's request holds.

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace limner {

enum class FieldKind {
  text,
  whole,  ///< an integer that fits an int, 3.0 included: some clients send all numbers as floats
  seed,   ///< an integer of any size
  number,
  flag,
  list,
  any,
};

/// `invalid` under the field's name unless `value` is of its kind.
Result<void> check_kind(const std::string& name, const Json& value, FieldKind kind);

/// The JSON schema of the kind, null included: it stands for absence.
std::string_view kind_schema(FieldKind kind);

}  // namespace limner
