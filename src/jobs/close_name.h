#pragma once
// What somebody may have meant by a name that there is not.

#include <span>
#include <string>
#include <string_view>

namespace limner {

/// The one of `names` that is fewest edits away from `word`, if it is at most a third of the word's length
/// (and at least one edit) away; else empty. Edits are Levenshtein's, with a swap of neighbours counted as
/// one.
std::string_view close_name(std::string_view word, std::span<const std::string_view> names);

}  // namespace limner
