#include "families/extra_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/files.h"
#include "base/model_folders.h"
#include "families/single_file.h"
#include "nets/ldm_names.h"
#include "tensor/component_files.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

Result<Component> open_folder(const fs::path& path, std::string_view what,
                              std::initializer_list<std::string_view> classes) {
  const std::string field = (path / "config.json").string();
  std::error_code error;
  if (!fs::is_directory(path, error))
    return not_found(std::string(what),
                     fmt::format("{} is not a folder with config.json and weights", path.string()));
  Component part;
  part.directory = path;
  part.config_field = field;
  part.config = TRY(parse_json(TRY(read_file(path / "config.json", 1u << 20)), field));
  const auto name = part.config.find("_class_name");
  if (name == part.config.end() || !name->is_string())
    return invalid(field, "_class_name is missing or not a name");
  part.class_name = name->get<std::string>();
  if (std::find(classes.begin(), classes.end(), part.class_name) == classes.end())
    return unsupported(
        field, fmt::format("_class_name \"{}\"; supported: {}", part.class_name, fmt::join(classes, ", ")));
  part.weights = TRY(open_component(path));
  return part;
}

Component from_part(const fs::path& path, SingleFilePart part) {
  Component component;
  component.class_name = std::move(part.class_name);
  component.config = std::move(part.config);
  component.config_field = path.filename().string();
  component.weights = std::move(part.weights);
  return component;
}

}  // namespace

Result<Component> open_vae(const fs::path& path, const std::string& kind) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return from_part(path, TRY(open_single_file_vae(path, kind)));
  const bool pipeline = fs::exists(path / "model_index.json", error);
  Component part =
      TRY(open_folder(pipeline ? path / "vae" : path, "vae", {"AutoencoderKL", "AutoencoderTiny"}));
  part.weights = with_current_vae_names(part.weights);
  return part;
}

Result<Component> open_controlnet(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return from_part(path, TRY(open_single_file_controlnet(path)));
  return open_folder(path, "controlnet", {"ControlNetModel"});
}

Result<fs::path> find_standard_tokenizer() {
  std::error_code error;
  for (const fs::path& folder : model_folders())
    if (const fs::path merges = folder / "clip-tokenizer" / "merges.txt"; fs::exists(merges, error))
      return merges;
  return not_found(
      "tokenizer",
      "this checkpoint needs the CLIP vocabulary, and no model folder has clip-tokenizer/merges.txt",
      "put it there, set LIMNER_MODELS, or lay a tokenizer/ folder beside the checkpoint");
}

}  // namespace limner
