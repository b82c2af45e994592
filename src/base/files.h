#pragma once
// Reading and writing whole files. Paths come from outside: nothing here blocks on a FIFO or leaves half a
// file behind.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "base/result.h"

namespace limner {

/// The bytes of a regular file of at most `bytes_max` bytes. Missing: `not_found`; longer: `too_large`; a
/// folder, device, socket or FIFO: `invalid`, at once. The error's field is the path.
Result<std::string> read_file(const std::filesystem::path& path, size_t bytes_max);

/// Makes `path` hold exactly `bytes`, or leaves it as it was: a new file in the same folder is written,
/// synced to the disk and renamed over it. A symbolic link is followed. A full disk is `exhausted`.
Result<void> write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Whether `write_file_atomically(path)` may be expected to work: its folder exists and may be written, and
/// `path` is absent or a regular file. Asked before long work, so that its result is not lost at the end.
/// Leaves no trace.
Result<void> check_writable(const std::filesystem::path& path);

}  // namespace limner
