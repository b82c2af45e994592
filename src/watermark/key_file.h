#pragma once
// The key of watermarks as a file.

#include <filesystem>
#include <string>

#include "base/result.h"
#include "watermark/watermark.h"

namespace limner {

/// Reads {"version": 1, "label": 1, "secret": "64 hexadecimal digits"}. Missing is `not_found`, anything else
/// `invalid`.
Result<WatermarkKey> read_watermark_key(const std::filesystem::path& path);

/// What a key is called where it must not be told: 16 hexadecimal digits that say nothing of it.
std::string watermark_key_name(const WatermarkKey& key);

/// As read_watermark_key(), but a missing file is made with a new random secret, readable by its owner only;
/// so is its folder. Of several that make it at once, one does, and all read that one's.
Result<WatermarkKey> open_watermark_key(const std::filesystem::path& path);

}  // namespace limner
