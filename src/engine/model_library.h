#pragma once
// Models by name: what lies in the model folders (base/model_folders.h).

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace limner {

/// The model `limner generate` draws with when none is named.
inline constexpr const char* kDefaultModel = "limner-tiny";

/// The scorer that `limner score` asks when none is named.
inline constexpr const char* kDefaultScorer = "limner-scorer";

struct LibraryModel {
  std::string name;
  std::filesystem::path path;
};

/// A path as it is, or the model of that name in the first model folder that has it. `not_found` lists the
/// names there are.
Result<std::filesystem::path> find_model(const std::string& name_or_path);

/// A path as it is, or NAME.safetensors in the first model folder whose upscalers/ has it. `not_found` names
/// `field` and lists the names there are.
Result<std::filesystem::path> find_upscaler(const std::string& name_or_path, const char* field);

/// The same in classifiers/: networks that score pictures.
Result<std::filesystem::path> find_classifier(const std::string& name_or_path, const char* field);

/// The same for folders in classifiers/ that hold a config.json: networks that say what a picture is like.
Result<std::filesystem::path> find_concepts(const std::string& name_or_path, const char* field);

/// Whether `path` is a folder that holds a config.json and a preprocessor_config.json, as a CLIPModel's does.
bool is_scorer(const std::filesystem::path& path);

/// A path as it is, or the scorer of that name in the first model folder that has it.
Result<std::filesystem::path> find_scorer(const std::string& name_or_path, const char* field);

/// Every model in the model folders, by name; of equal names the first found.
std::vector<LibraryModel> list_models();

/// Opens the model at `path` to see that Limner can draw with it, then copies it into the user's model folder
/// as `name` (empty: its own name). `conflict` if there is one already.
Result<LibraryModel> import_model(const std::filesystem::path& path, const std::string& name);

}  // namespace limner
