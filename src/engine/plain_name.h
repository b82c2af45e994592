#pragma once
// Names of models and adapters, as people and networks may give them.

#include <string_view>

namespace limner {

/// What a plain name is, for messages.
inline constexpr const char* kPlainNameRule =
    "letters, digits, '-', '_', '.' and spaces are allowed, at most 100 of them and no '.' in front";

/// Whether `name` is a name and nothing else: no path, no hidden file, nothing that a file system, a log or a
/// header line reads otherwise.
bool is_plain_name(std::string_view name);

}  // namespace limner
