#pragma once
// How large an upscaler makes pictures, for whoever has to know before it is loaded.

#include <filesystem>

#include "base/result.h"

namespace limner {

/// The factor of each side, from the shapes of the file's weights: none of them is read. Errors as
/// upscale()'s.
Result<int> upscale_factor(const std::filesystem::path& upscaler);

}  // namespace limner
