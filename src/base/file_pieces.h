#pragma once
// Files too large to be put together in memory first.

#include <cstddef>
#include <filesystem>
#include <span>

#include "base/result.h"

namespace limner {

/// write_file_atomically() of `pieces`, one after the other.
Result<void> write_pieces_atomically(const std::filesystem::path& path,
                                     std::span<const std::span<const std::byte>> pieces);

}  // namespace limner
