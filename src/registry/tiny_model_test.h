#pragma once
// The model that comes with the program, for the tests of this folder.

#include <filesystem>

namespace limner {

inline const std::filesystem::path kTinyModel = LIMNER_SOURCE_DIR "/models/limner-tiny";

}  // namespace limner
