#include "families/model_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/files.h"
#include "families/single_file.h"
#include "nets/ldm_names.h"
#include "tensor/component_files.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 11> kPipelines = {
    "StableDiffusionPipeline",           "StableDiffusionImg2ImgPipeline",
    "StableDiffusionInpaintPipeline",    "StableDiffusionInstructPix2PixPipeline",
    "StableDiffusionXLPipeline",         "StableDiffusionXLImg2ImgPipeline",
    "StableDiffusionXLInpaintPipeline",  "StableDiffusionXLInstructPix2PixPipeline",
    "LatentConsistencyModelPipeline",    "LatentConsistencyModelImg2ImgPipeline",
    "StableDiffusionControlNetPipeline",
};

struct ComponentRule {
  std::string_view name;
  std::vector<std::string_view> classes;
  bool has_config = true;
  bool has_weights = true;
};

// What a model_index.json may name. Checkers and feature extractors belong to policy, not to drawing: they
// are not loaded.
const std::vector<ComponentRule>& component_rules() {
  static const std::vector<ComponentRule> rules = {
      {"unet", {"UNet2DConditionModel"}},
      {"vae", {"AutoencoderKL", "AutoencoderTiny"}},
      {"text_encoder", {"CLIPTextModel", "CLIPTextModelWithProjection"}},
      {"text_encoder_2", {"CLIPTextModelWithProjection", "CLIPTextModel"}},
      {"tokenizer", {"CLIPTokenizer", "CLIPTokenizerFast"}, false, false},
      {"tokenizer_2", {"CLIPTokenizer", "CLIPTokenizerFast"}, false, false},
      {"scheduler", {}, true, false},
  };
  return rules;
}

bool left_to_policy(std::string_view name) { return name == "safety_checker" || name == "feature_extractor"; }

Result<Json> read_json_file(const fs::path& path, std::string_view field) {
  const std::string text = TRY(read_file(path, 16u << 20));
  Json json = TRY(parse_json(text, field, {.non_finite_as_null = true}));
  if (!json.is_object()) return invalid(std::string(field), "not a JSON object");
  return json;
}

// [library, class], or [null, null] for a part the pipeline goes without.
Result<std::string> class_of(const Json& entry, const std::string& key) {
  const std::string field = "model_index.json: " + key;
  if (entry.is_null()) return std::string();
  if (!entry.is_array() || entry.size() != 2)
    return invalid(field, fmt::format("{} is not [library, class]", entry.dump().substr(0, 80)));
  if (entry[1].is_null()) return std::string();
  if (!entry[1].is_string()) return invalid(field, "the class is not a name");
  return entry[1].get<std::string>();
}

Result<Component> open_part(const fs::path& model, const ComponentRule& rule, const std::string& class_name) {
  const std::string field = fmt::format("model_index.json: {}", rule.name);
  if (!rule.classes.empty() &&
      std::find(rule.classes.begin(), rule.classes.end(), class_name) == rule.classes.end())
    return unsupported(field,
                       fmt::format("\"{}\"; supported: {}", class_name, fmt::join(rule.classes, ", ")));
  Component part;
  part.class_name = class_name;
  part.directory = model / rule.name;
  const bool is_scheduler = rule.name == "scheduler";
  const std::string config_name = is_scheduler ? "scheduler_config.json" : "config.json";
  part.config_field = fmt::format("{}/{}", rule.name, config_name);
  if (rule.has_config) {
    part.config = TRY(read_json_file(part.directory / config_name, part.config_field));
    // The index is what diffusers instantiates; a scheduler config saved by another class keeps its own class
    // name.
    if (is_scheduler) part.config["_class_name"] = class_name;
  }
  if (rule.has_weights) part.weights = TRY(open_component(part.directory));
  // Files of other releases name some weights otherwise.
  if (rule.name.starts_with("text_encoder")) part.weights = with_text_model_prefix(part.weights);
  if (rule.name == "vae") part.weights = with_current_vae_names(part.weights);
  return part;
}

Result<ModelFiles> open_directory(const fs::path& path) {
  ModelFiles files;
  files.path = path;
  files.index = TRY(read_json_file(path / "model_index.json", "model_index.json"));
  const Json& pipeline = files.index.contains("_class_name") ? files.index["_class_name"] : Json();
  if (!pipeline.is_string()) return invalid("model_index.json: _class_name", "missing or not a name");
  files.pipeline_class = pipeline.get<std::string>();
  if (std::find(kPipelines.begin(), kPipelines.end(), files.pipeline_class) == kPipelines.end())
    return unsupported(
        "model_index.json: _class_name",
        fmt::format("\"{}\"; supported: {}", files.pipeline_class, fmt::join(kPipelines, ", ")));
  for (const auto& [key, entry] : files.index.items()) {
    if (!entry.is_array() || left_to_policy(key)) continue;
    const std::string class_name = TRY(class_of(entry, key));
    if (class_name.empty()) continue;
    const auto& rules = component_rules();
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&name = key](const auto& r) { return r.name == name; });
    if (rule == rules.end())
      return unsupported("model_index.json: " + key,
                         fmt::format("component \"{}\" is not known", class_name));
    files.components[key] = TRY(open_part(path, *rule, class_name));
    if (!rule->has_weights) continue;
    const std::vector<fs::path> weights = TRY(component_weight_files(path / key));
    files.weight_files.insert(files.weight_files.end(), weights.begin(), weights.end());
  }
  for (const char* needed : {"unet", "vae", "scheduler"})
    if (!files.find(needed)) return invalid(fmt::format("model_index.json: {}", needed), "missing");
  return files;
}

Result<ModelFiles> open_checkpoint(const fs::path& path) {
  SingleFileModel model = TRY(open_single_file(path));
  ModelFiles files;
  files.path = path;
  const bool xl = model.kind.starts_with("sdxl");
  files.pipeline_class = xl ? "StableDiffusionXLPipeline" : "StableDiffusionPipeline";
  files.index = Json::object();
  if (xl) files.index["force_zeros_for_empty_prompt"] = model.kind == "sdxl";
  if (model.kind == "sdxl_refiner") files.index["requires_aesthetics_score"] = true;
  for (auto& [name, part] : model.components) {
    Component component;
    component.class_name = part.class_name;
    component.config = std::move(part.config);
    component.config_field = fmt::format("{} ({})", path.filename().string(), name);
    component.weights = std::move(part.weights);
    if (name.starts_with("text_encoder")) component.weights = with_text_model_prefix(component.weights);
    files.components[name] = std::move(component);
  }
  // A tokenizer folder beside the file wins over the standard CLIP vocabulary.
  for (const char* name : {"tokenizer", "tokenizer_2"})
    if (std::error_code error; fs::is_directory(path.parent_path() / name, error)) {
      files.components[name].class_name = "CLIPTokenizer";
      files.components[name].directory = path.parent_path() / name;
    }
  files.weight_files = {path};
  return files;
}

}  // namespace

const Component* ModelFiles::find(std::string_view component) const {
  const auto found = components.find(std::string(component));
  return found == components.end() ? nullptr : &found->second;
}

Result<ModelFiles> open_model_files(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status))
    return not_found("model", fmt::format("{} does not exist", path.string()),
                     "limner model list shows what is there");
  ModelFiles files = fs::is_directory(status) ? TRY(open_directory(path)) : TRY(open_checkpoint(path));
  const fs::path clean = path.has_filename() ? path : path.parent_path();
  files.name = fs::is_directory(status) ? clean.filename().string() : clean.stem().string();
  files.limner = Json::object();
  const fs::path extra =
      fs::is_directory(status) ? path / "limner.json" : fs::path(path).replace_extension(".limner.json");
  if (fs::exists(extra, error)) files.limner = TRY(read_json_file(extra, extra.filename().string()));
  return files;
}

}  // namespace limner
