#pragma once
// The TOML file of `limner serve`.

#include <filesystem>

#include "cli/serve_config.h"

namespace limner {

/// Reads `path` into `config`. Unknown keys, wrong types and values out of range are errors that name file,
/// line and key.
Result<void> read_config_file(ServeConfig& config, const std::filesystem::path& path);

}  // namespace limner
