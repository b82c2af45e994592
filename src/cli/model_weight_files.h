#pragma once
// The files of weights that belong to a model.

#include <filesystem>
#include <vector>

#include "base/result.h"

namespace limner {

/// The .safetensors files of a model, or of any folder: itself, or all that lie in it and below, sorted.
/// `not_found` if there is none.
Result<std::vector<std::filesystem::path>> weight_files_below(const std::filesystem::path& path);

/// The encrypted ones in all model folders (base/model_folders.h).
Result<std::vector<std::filesystem::path>> sealed_weights_in_model_folders();

}  // namespace limner
