#pragma once
// CLIP's own tokenizer, for the tests of this folder.

#include <filesystem>
#include <string>
#include <utility>

#include "base/files.h"
#include "text/clip_tokenizer.h"

namespace limner {

/// From the merges that come with the program.
inline ClipTokenizer clip() {
  const auto path = std::filesystem::path(LIMNER_SOURCE_DIR) / "models/clip-tokenizer/merges.txt";
  const std::string merges = std::move(read_file(path, 1 << 20)).value();
  return std::move(ClipTokenizer::from_merges(merges)).value();
}

}  // namespace limner
