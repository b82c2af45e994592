#include "engine/lineage.h"

#include <fmt/format.h>

#include <cmath>

#include "base/files.h"
#include "engine/weights_digest.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLineageFile = "lineage.json";
constexpr size_t kLineageBytesMax = 1u << 20;
constexpr JsonLimits kLineageLimits{.bytes_max = kLineageBytesMax, .depth_max = 16, .keys_max = 2048};
constexpr size_t kSourcesMax = 256, kStagesMax = 64, kWeightFilesMax = 1024, kLineageTextMax = 2000;

std::string field_of(const std::string& key) { return fmt::format("{}: {}", kLineageFile, key); }

// The value of `key`, which must be of the kind that `is` asks for.
Result<const Json*> member(const Json& json, const char* key, bool (Json::*is)() const, const char* kind,
                           const std::string& where) {
  const auto found = json.find(key);
  if (found == json.end()) return invalid(field_of(where), fmt::format("has no \"{}\"", key));
  if (!((*found).*is)()) return invalid(field_of(where), fmt::format("\"{}\" is not {}", key, kind));
  return &*found;
}

Result<std::string> text_of(const Json& json, const char* key, const std::string& where) {
  const Json* value = TRY(member(json, key, &Json::is_string, "a text", where));
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() > kLineageTextMax)
    return invalid(field_of(where), fmt::format("\"{}\" has more than {} bytes", key, kLineageTextMax));
  return text;
}

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<LineageSource> read_source(const Json& json, size_t number) {
  const std::string where = fmt::format("data: sources[{}]", number);
  if (!json.is_object()) return invalid(field_of(where), "is no object");
  LineageSource source;
  source.package = TRY(text_of(json, "package", where));
  source.version = TRY(text_of(json, "version", where));
  source.registry = TRY(text_of(json, "registry", where));
  source.sha256 = TRY(text_of(json, "sha256", where));
  source.licence = TRY(text_of(json, "licence", where));
  source.attribution = TRY(text_of(json, "attribution", where));
  source.source = TRY(text_of(json, "source", where));
  if (!is_digest(source.sha256))
    return invalid(field_of(where), "\"sha256\" is not 64 lower-case hexadecimal digits");
  return source;
}

Result<double> number_of(const Json& json, const char* key, const std::string& where) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return 0.0;
  if (!found->is_number() || !std::isfinite(found->get<double>()) || std::abs(found->get<double>()) > 1e15)
    return invalid(field_of(where), fmt::format("\"{}\" is no number", key));
  return found->get<double>();
}

Result<LineageStage> read_stage(const std::string& name, const Json& json) {
  const std::string where = fmt::format("stages: {}", name.substr(0, 100));
  if (name.empty() || name.size() > 100) return invalid(field_of(where), "is no name of a stage");
  if (!json.is_object()) return invalid(field_of(where), "is no object");
  LineageStage stage{.name = name};
  stage.steps = static_cast<int64_t>(TRY(number_of(json, "steps", where)));
  stage.samples = static_cast<int64_t>(TRY(number_of(json, "samples", where)));
  stage.seconds = TRY(number_of(json, "seconds", where));
  if (json.contains("loss") && !json["loss"].is_null()) stage.loss = TRY(number_of(json, "loss", where));
  return stage;
}

// Read from a file of strangers and opened later: it must stay in the folder.
bool stays_inside(const std::string& file) {
  const fs::path path(file);
  if (file.empty() || file.size() > 1000 || file.find('\0') != std::string::npos || path.is_absolute())
    return false;
  for (const fs::path& part : path)
    if (part.empty() || part == "." || part == "..") return false;
  return path.extension() == ".safetensors";
}

Result<LineageWeights> read_weights_of(const std::string& file, const Json& json) {
  const std::string where = fmt::format("weights_sha256: {}", file.substr(0, 100));
  if (!stays_inside(file))
    return invalid(field_of(where), "is not the path of a .safetensors file in the folder");
  if (!json.is_string() || !is_digest(json.get_ref<const std::string&>()))
    return invalid(field_of(where), "is not 64 lower-case hexadecimal digits");
  return LineageWeights{file, json.get<std::string>(), LineageMatch::unchecked};
}

Result<Lineage> read(const Json& json) {
  if (!json.is_object()) return invalid(kLineageFile, "is no object");
  if (!json.contains("format") || json["format"] != 1)
    return unsupported(field_of("format"), "is not 1, the only one that is known");
  Lineage lineage;
  const Json& data = *TRY(member(json, "data", &Json::is_object, "an object", "data"));
  if (data.contains("holds")) lineage.holds = TRY(text_of(data, "holds", "data"));
  const Json& sources = *TRY(member(data, "sources", &Json::is_array, "a list", "data"));
  const Json& stages = *TRY(member(json, "stages", &Json::is_object, "an object", "stages"));
  const Json& weights = *TRY(member(json, "weights_sha256", &Json::is_object, "an object", "weights_sha256"));
  for (const auto& [list, most, name] :
       {std::tuple(&sources, kSourcesMax, "data: sources"), std::tuple(&stages, kStagesMax, "stages"),
        std::tuple(&weights, kWeightFilesMax, "weights_sha256")})
    if (list->size() > most) return invalid(field_of(name), fmt::format("has more than {} entries", most));
  for (size_t i = 0; i < sources.size(); ++i) lineage.sources.push_back(TRY(read_source(sources[i], i)));
  for (const auto& [name, stage] : stages.items()) lineage.stages.push_back(TRY(read_stage(name, stage)));
  for (const auto& [file, digest] : weights.items())
    lineage.weights.push_back(TRY(read_weights_of(file, digest)));
  return lineage;
}

}  // namespace

Result<Lineage> parse_lineage(std::string_view text) {
  return read(TRY(parse_json(text, kLineageFile, kLineageLimits)));
}

Result<std::optional<Lineage>> read_lineage(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error) || !fs::exists(path / kLineageFile, error))
    return std::optional<Lineage>();
  const std::string text = TRY(read_file(path / kLineageFile, kLineageBytesMax));
  return std::optional<Lineage>(TRY(parse_lineage(text)));
}

void check_lineage_weights(Lineage& lineage, const fs::path& path, bool remembered_only) {
  for (LineageWeights& weights : lineage.weights) {
    const fs::path file = path / weights.file;
    std::error_code error;
    if (!fs::exists(file, error)) {
      weights.match = LineageMatch::missing;
      continue;
    }
    const std::string digest = remembered_only ? remembered_digest({file}) : digest_of_files({file});
    if (!digest.empty())
      weights.match = digest == weights.sha256 ? LineageMatch::matches : LineageMatch::differs;
  }
}

const char* lineage_match_name(LineageMatch match) {
  switch (match) {
    case LineageMatch::matches:
      return "matches";
    case LineageMatch::differs:
      return "differs";
    case LineageMatch::missing:
      return "missing";
    case LineageMatch::unchecked:
      return "unchecked";
  }
  return "unchecked";
}

Json lineage_json(const Lineage& lineage) {
  Json sources = Json::array(), stages = Json::array(), weights = Json::array();
  for (const LineageSource& source : lineage.sources)
    sources.push_back({{"package", source.package},
                       {"version", source.version},
                       {"registry", source.registry},
                       {"sha256", source.sha256},
                       {"licence", source.licence},
                       {"attribution", source.attribution},
                       {"source", source.source}});
  for (const LineageStage& stage : lineage.stages) {
    Json json = {
        {"name", stage.name}, {"steps", stage.steps}, {"samples", stage.samples}, {"seconds", stage.seconds}};
    if (stage.loss) json["loss"] = *stage.loss;
    stages.push_back(std::move(json));
  }
  for (const LineageWeights& file : lineage.weights)
    weights.push_back(
        {{"file", file.file}, {"sha256", file.sha256}, {"match", lineage_match_name(file.match)}});
  return {{"holds", lineage.holds}, {"sources", sources}, {"stages", stages}, {"weights", weights}};
}

}  // namespace limner
