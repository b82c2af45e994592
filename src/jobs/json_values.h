#pragma once
// JSON values read as what they ought to be. Errors name the field, the value and what is allowed.

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace limner {

/// Text of 1 to `bytes_max` bytes (0 too where `may_be_empty`) without control characters.
Result<std::string> read_text(const Json& value, const std::string& field, size_t bytes_max,
                              bool may_be_empty = false);
/// A whole number; 3.0 is one too, as JSON Schema has it.
Result<int> read_whole(const Json& value, const std::string& field, int minimum, int maximum);
Result<double> read_number(const Json& value, const std::string& field, double minimum, double maximum);
Result<bool> read_flag(const Json& value, const std::string& field);
/// An array of at most `items_max`.
Result<void> check_list(const Json& value, const std::string& field, size_t items_max);
/// The id of an upload or of a picture that was drawn.
Result<std::string> read_picture_id(const Json& value, const std::string& field);

}  // namespace limner
