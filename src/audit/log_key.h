#pragma once
// The key that signs a log's checkpoints, in a file for its owner alone.

#include <filesystem>
#include <optional>

#include "audit/signed_note.h"

namespace limner {

/// The key in the file; nothing if there is no such file. `invalid` for a file that is no key.
Result<std::optional<NoteSigner>> read_log_key(const std::filesystem::path& path);

/// Likewise, or a new key with a random name, written to the file with mode 0600. Two programs that do so at
/// once get the same key.
Result<NoteSigner> read_or_make_log_key(const std::filesystem::path& path);

}  // namespace limner
