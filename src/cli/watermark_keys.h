#pragma once
// Which watermark keys a command knows.

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "jobs/picture_marker.h"
#include "watermark/watermark.h"

namespace limner {

/// The one of the file `named`; where that is empty those of the server that is set up as `marking` and of
/// `limner mark`, as far as they are there.
Result<std::vector<WatermarkKey>> watermark_keys(const std::filesystem::path& named,
                                                 const MarkingConfig& marking);

}  // namespace limner
