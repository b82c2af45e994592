#pragma once
// Files that hold a secret: readable by their owner alone from their first byte on, whole or not there.

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace limner {

/// Makes `path` with `text`, synced to the disk; false if there was one already, which stays as it is. Of
/// several that make it at once, one does. The error's field is the path.
Result<bool> make_secret_file(const std::filesystem::path& path, std::string_view text);

/// The same in the place of what is there; a symbolic link is followed.
Result<void> replace_secret_file(const std::filesystem::path& path, std::string_view text);

}  // namespace limner
