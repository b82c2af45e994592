#pragma once
// Names for things that are made while the program runs.

#include <string>
#include <string_view>

namespace limner {

/// A new identifier: `prefix`, '_' and 26 characters of Crockford's base 32 in lower case: 48 bits of
/// milliseconds, then 80 random bits (the layout of a ULID). Sorts by time of making; cannot be guessed.
std::string new_id(std::string_view prefix);

/// Whether `text` could have come from new_id(prefix): to be asked of everything a stranger sends before it
/// is looked up.
bool is_id(std::string_view text, std::string_view prefix);

}  // namespace limner
