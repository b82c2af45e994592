#pragma once
// Where models lie on this machine.

#include <filesystem>
#include <vector>

namespace limner {

/// Folders in the order in which a model's name is looked up: those of $LIMNER_MODELS (separated by ':'),
/// models/ in the working folder, models/ beside and above the program, and the user's own
/// (user_models_folder()). Existing ones only.
std::vector<std::filesystem::path> model_folders();

/// Where `limner model import` puts models: $XDG_DATA_HOME/limner/models, or ~/.local/share/limner/models.
/// May not exist.
std::filesystem::path user_models_folder();

}  // namespace limner
