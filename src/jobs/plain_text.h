#pragma once
// Text from outside: whether it may be kept, and how it is shown in a message.

#include <string>
#include <string_view>

#include "base/json.h"

namespace limner {

/// Whether `text` is UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing beyond U+10FFFF).
bool is_valid_utf8(std::string_view text);

/// Whether `text` is UTF-8 without control characters: fit for a name, a tag, a line of a listing.
bool is_plain_text(std::string_view text);

/// A value as it was given, for an error's message: JSON in ASCII, at most 80 characters of it.
std::string shown(const Json& value);

}  // namespace limner
