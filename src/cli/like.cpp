#include "cli/like.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/files.h"
#include "base/json.h"
#include "engine/infotext_params.h"
#include "image/codec.h"
#include "image/file_metadata.h"
#include "image/infotext.h"

namespace limner {
std::string text_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<Recipe> recipe_from_json(const Json& json, const std::string& field) {
  if (!json.is_object() || !json.contains("parameters"))
    return invalid(field, "its limner text has no parameters");
  Recipe recipe;
  recipe.params = TRY(params_from_json(json["parameters"], field));
  recipe.dtype = text_at(json, "dtype");
  recipe.noise = TRY(recorded_noise(json, field));
  if (const auto model = json.find("model"); model != json.end() && model->is_object()) {
    recipe.model = text_at(*model, "name");
    recipe.model_sha256 = text_at(*model, "sha256");
  }
  if (const std::string task = text_at(json, "task"); task != "text-to-image")
    recipe.warnings.push_back(
        fmt::format("it was drawn over a picture ({}): give the same --init and --mask", task));
  if (json.contains("extras"))
    recipe.warnings.push_back("it was drawn with LoRAs or other extra files: give them again");
  if (json.contains("controls"))
    recipe.warnings.push_back("it was drawn with ControlNets: give them and their pictures again");
  return recipe;
}

Result<Recipe> read_recipe(const std::string& path, const char* field) {
  const std::string file = TRY(read_file(path, DecodeLimits{}.file_bytes_max));
  const FileMetadata metadata = TRY(read_file_metadata(std::as_bytes(std::span(file)), field));
  if (!metadata.limner_json.empty())
    return recipe_from_json(TRY(parse_json(metadata.limner_json, field, {.bytes_max = 1u << 20})), field);
  if (metadata.infotext.empty()) return not_found(field, "has no parameters in it");
  const Infotext infotext = TRY(parse_infotext(metadata.infotext));
  Recipe recipe;
  std::vector<std::string> ignored;
  recipe.params = TRY(params_from_infotext(infotext, ignored));
  if (!ignored.empty())
    recipe.warnings.push_back(fmt::format("fields not used: {}", fmt::join(ignored, ", ")));
  return recipe;
}

}  // namespace limner
