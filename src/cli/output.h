#pragma once
// Where pictures go.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/signing.h"
#include "engine/engine.h"
#include "image/format.h"

namespace limner {

struct OutputFlags {
  std::string path;    ///< -o; empty: limner-SEED in the working folder
  std::string format;  ///< --format; empty: the path's ending, or PNG
  int quality = 90;
  bool bare = false;  ///< no parameters in the file
};

/// The files `count` pictures will be written to, and their format. With several, "-1", "-2", ... comes
/// before the ending. Checked before drawing: the folder exists and can be written to.
struct OutputPlan {
  std::vector<std::filesystem::path> paths;
  Format format;
};
Result<OutputPlan> plan_output(const OutputFlags& flags, uint64_t first_seed, int count);

/// Encodes, signs and writes one picture whole or not at all. The manifest's title is the file's name.
Result<void> write_picture(const Picture& picture, const FileTexts& texts, const OutputFlags& flags,
                           Format format, const std::filesystem::path& path, const PictureSigning& signing,
                           PictureOrigin origin);

}  // namespace limner
