#include "engine/model_library.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/model_folders.h"
#include "engine/engine.h"
#include "engine/plain_name.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

bool is_weights_file(const fs::path& path) {
  std::error_code error;
  return path.extension() == ".safetensors" && fs::is_regular_file(path, error);
}

bool is_concept_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / "config.json", error);
}

bool is_model(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return fs::exists(path / "model_index.json", error);
  return is_weights_file(path);
}

std::string name_of(const fs::path& path) {
  std::error_code error;
  const fs::path whole =
      (fs::absolute(path, error) / "").lexically_normal().parent_path();  // without slashes at its end
  return fs::is_directory(path, error) ? whole.filename().string() : whole.stem().string();
}

// What `wanted` holds for in every model folder's `subfolder`, by name; of equal names the first found.
std::vector<LibraryModel> list(const fs::path& subfolder, bool (*wanted)(const fs::path&)) {
  std::vector<LibraryModel> models;
  for (const fs::path& folder : model_folders()) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder / subfolder, error)) {
      const std::string name = name_of(entry.path());
      const bool known =
          std::any_of(models.begin(), models.end(), [&](const auto& m) { return m.name == name; });
      if (!known && wanted(entry.path())) models.push_back({name, entry.path()});
    }
  }
  std::sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return models;
}

Result<fs::path> find(const std::string& name_or_path, const std::vector<LibraryModel>& models,
                      const char* field, const char* hint) {
  std::error_code error;
  const bool is_path = name_or_path.find('/') != std::string::npos;
  if (!is_path)
    for (const LibraryModel& model : models)
      if (model.name == name_or_path) return model.path;
  if (fs::exists(name_or_path, error)) return fs::path(name_or_path);
  std::string names;
  for (const LibraryModel& model : models) names += (names.empty() ? "" : ", ") + model.name;
  if (names.empty()) names = "(there is none in the model folders)";
  return not_found(field,
                   fmt::format("\"{}\" is neither a path nor one of: {}", name_or_path.substr(0, 200), names),
                   hint);
}

}  // namespace

bool is_scorer(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / "config.json", error) &&
         (fs::is_regular_file(path / "preprocessor_config.json", error) ||
          fs::is_regular_file(path / "processor_config.json", error));
}

std::vector<LibraryModel> list_models() { return list("", is_model); }

Result<fs::path> find_model(const std::string& name_or_path) {
  return find(name_or_path, list_models(), "model", "limner model import PATH brings one in");
}

Result<fs::path> find_upscaler(const std::string& name_or_path, const char* field) {
  return find(name_or_path, list("upscalers", is_weights_file), field,
              "./dev upscalers, where Limner was built, fetches some");
}

Result<fs::path> find_classifier(const std::string& name_or_path, const char* field) {
  return find(name_or_path, list("classifiers", is_weights_file), field,
              "./dev classifiers, where Limner was built, fetches one");
}

Result<fs::path> find_concepts(const std::string& name_or_path, const char* field) {
  return find(name_or_path, list("classifiers", is_concept_folder), field,
              "a folder with config.json and model.safetensors, as transformers saves a safety checker");
}

Result<fs::path> find_scorer(const std::string& name_or_path, const char* field) {
  return find(
      name_or_path, list("", is_scorer), field,
      "--scorer FOLDER names a CLIPModel as transformers saves it, with its tokenizer and preprocessor");
}

Result<LibraryModel> import_model(const fs::path& path, const std::string& wanted) {
  const std::string name = wanted.empty() ? name_of(path) : wanted;
  if (!is_plain_name(name))
    return invalid("name", fmt::format("\"{}\": {}", name.substr(0, 100), kPlainNameRule));
  if (Result<ModelPtr> opened = load(path, {}); !opened) return std::move(opened).error();
  const fs::path folder = user_models_folder();
  std::error_code error;
  const bool directory = fs::is_directory(path, error);
  const fs::path target = folder / (directory ? name : name + ".safetensors");
  if (fs::exists(target, error))
    return Error{Code::conflict, "name", fmt::format("{} is there already", name), "choose another --name"};
  fs::create_directories(folder, error);
  const fs::path partial = folder / ("." + name + ".partial");
  fs::remove_all(partial, error);
  fs::copy(path, partial, fs::copy_options::recursive, error);
  if (!error) fs::rename(partial, target, error);
  if (error) {
    const std::string reason = error.message();
    fs::remove_all(partial, error);
    return Error{Code::exhausted, folder.string(), fmt::format("the model could not be copied: {}", reason),
                 ""};
  }
  return LibraryModel{name, target};
}

}  // namespace limner
