#include "engine/concept_head.h"

#include <fmt/format.h>

#include <cmath>
#include <mutex>

#include "base/files.h"
#include "base/json.h"
#include "engine/clip_pictures.h"
#include "engine/network.h"
#include "engine/plain_name.h"
#include "engine/unit_vector.h"
#include "nets/clip_vision.h"
#include "tensor/component_files.h"

namespace limner {

/// Vectors and thresholds, a row a concept.
struct ConceptTable {
  std::vector<std::string> names;
  std::vector<float> directions;  // [n, width], of length 1
  std::vector<float> thresholds;  // [n]
};

namespace {

constexpr size_t kConfigBytesMax = 1u << 20;
constexpr int64_t kConceptsMax = 1024;
// What a flagged concept of special care takes from every threshold after it, as in the reference.
constexpr double kSpecialAdjustment = 0.01;

Result<std::vector<float>> floats_of(const WeightSource& weights, std::string_view name, const Shape& shape) {
  const Weight weight = TRY(weights.get(name, shape));
  std::vector<float> values(static_cast<size_t>(shape.count()));
  convert_to_f32(weight.view.dtype, weight.view.data, values.size(), values.data());
  if (!all_finite(values)) return invalid(std::string(name), "holds values that are not numbers");
  return values;
}

Result<ConceptTable> read_table(const WeightSource& weights, const std::string& kind, int64_t width) {
  const std::string directions = kind + "_embeds", thresholds = kind + "_embeds_weights";
  const Shape shape = TRY(weights.shape_of(directions));
  if (shape.rank() != 2 || shape[0] < 1 || shape[0] > kConceptsMax)
    return invalid(directions, fmt::format("is not a list of 1 to {} vectors", kConceptsMax));
  ConceptTable table;
  table.directions = TRY(floats_of(weights, directions, Shape{shape[0], width}));
  table.thresholds = TRY(floats_of(weights, thresholds, Shape{shape[0]}));
  const auto stride = static_cast<size_t>(width);
  for (size_t at = 0; at < table.directions.size(); at += stride)
    normalise(std::span(table.directions).subspan(at, stride));
  return table;
}

// The names a concepts.json gives, or numbers.
Result<std::vector<std::string>> names_of(const Json& json, const char* key, const char* prefix,
                                          size_t count) {
  std::vector<std::string> names;
  const auto given = json.find(key);
  if (given == json.end()) {
    for (size_t i = 1; i <= count; ++i) names.push_back(fmt::format("{}-{}", prefix, i));
    return names;
  }
  if (!given->is_array() || given->size() != count)
    return invalid(fmt::format("concepts.json: {}", key), fmt::format("is not a list of {} names", count));
  for (const Json& name : *given) {
    if (!name.is_string() || !is_plain_name(name.get<std::string>()))
      return invalid(fmt::format("concepts.json: {}", key),
                     fmt::format("{} is no name: {}", name.dump().substr(0, 100), kPlainNameRule));
    names.push_back(name.get<std::string>());
  }
  return names;
}

Result<Json> read_names_file(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "concepts.json";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return Json::object();
  Json json = TRY(parse_json(TRY(read_file(path, kConfigBytesMax)), "concepts.json"));
  if (!json.is_object()) return invalid("concepts.json", "is no object");
  for (const auto& [key, value] : json.items())
    if (key != "concepts" && key != "special_care")
      return unsupported("concepts.json: " + key.substr(0, 100), "is neither concepts nor special_care");
  return json;
}

}  // namespace

struct ConceptHead::Parts {
  ClipVisionConfig config;
  Scope root;
  ConceptTable special, plain;
  std::vector<std::string> names;
  std::unique_ptr<Backend> backend;
  Network network;
  std::unique_ptr<Workspace> workspace;
  std::mutex turn;

  Result<std::vector<float>> embed(const Picture& picture);
  /// Adds a margin for each concept of `table`.
  void judge(const ConceptTable& table, bool lowers, const std::vector<float>& embedding, double& adjustment,
             std::vector<ConceptMargin>& margins) const;
};

Result<std::vector<float>> ConceptHead::Parts::embed(const Picture& picture) {
  const std::vector<float> pixels = TRY(prepare_clip_picture(
      picture, {.shorter_side = static_cast<int>(config.side), .side = static_cast<int>(config.side)}));
  const std::lock_guard lock(turn);
  const std::shared_ptr<const Executable> run =
      TRY(network.compiled("", [this] { return describe_clip_vision(config, root); }));
  TRY(workspace->reserve(run->workspace_bytes()));
  std::vector<float> embedding(static_cast<size_t>(config.projection));
  const ConstTensorView in(DType::f32, {1, config.side, config.side, 3}, pixels.data());
  const TensorView out{DType::f32, {1, config.projection}, embedding.data()};
  run->run({&in, 1}, {&out, 1}, *workspace);
  if (!all_finite(embedding)) return invalid("concepts", "the network produced values that are not numbers");
  normalise(embedding);
  return embedding;
}

void ConceptHead::Parts::judge(const ConceptTable& table, bool lowers, const std::vector<float>& embedding,
                               double& adjustment, std::vector<ConceptMargin>& margins) const {
  for (size_t i = 0; i < table.names.size(); ++i) {
    double cosine = 0;
    for (size_t c = 0; c < embedding.size(); ++c)
      cosine += double{embedding[c]} * table.directions[i * embedding.size() + c];
    const double margin = std::round((cosine - table.thresholds[i] + adjustment) * 1000) / 1000;
    if (lowers && margin > 0) adjustment = kSpecialAdjustment;
    margins.push_back({table.names[i], margin});
  }
}

ConceptHead::ConceptHead(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ConceptHead::~ConceptHead() = default;

const std::vector<std::string>& ConceptHead::concepts() const { return parts_->names; }

Result<std::unique_ptr<ConceptHead>> ConceptHead::load(const std::filesystem::path& folder, int threads) {
  auto parts = std::make_unique<Parts>();
  const std::string config = TRY(read_file(folder / "config.json", kConfigBytesMax));
  parts->config = TRY(read_clip_vision_config(TRY(parse_json(config, "config.json")), "config.json"));
  const std::shared_ptr<const WeightSource> weights = TRY(open_component(folder));
  // The safety checker keeps a whole vision model inside.
  parts->root =
      Scope{weights->has("vision_model.vision_model.embeddings.class_embedding") ? "vision_model.vision_model"
                                                                                 : "vision_model"};
  const Json names = TRY(read_names_file(folder));
  if (weights->has("special_care_embeds")) {
    parts->special = TRY(read_table(*weights, "special_care", parts->config.projection));
    parts->special.names = TRY(names_of(names, "special_care", "special", parts->special.thresholds.size()));
  }
  parts->plain = TRY(read_table(*weights, "concept", parts->config.projection));
  parts->plain.names = TRY(names_of(names, "concepts", "concept", parts->plain.thresholds.size()));
  parts->names = parts->special.names;
  parts->names.insert(parts->names.end(), parts->plain.names.begin(), parts->plain.names.end());
  parts->backend = make_cpu_backend(threads);
  parts->network = Network(*parts->backend, weights, Precision::f32);
  parts->workspace = parts->backend->make_workspace();
  return std::unique_ptr<ConceptHead>(new ConceptHead(std::move(parts)));
}

Result<std::vector<ConceptMargin>> ConceptHead::margins(const Picture& picture) const {
  if (picture.empty()) return invalid("picture", "has no pixels");
  const std::vector<float> embedding = TRY(parts_->embed(picture));
  std::vector<ConceptMargin> margins;
  double adjustment = 0;
  parts_->judge(parts_->special, true, embedding, adjustment, margins);
  parts_->judge(parts_->plain, false, embedding, adjustment, margins);
  return margins;
}

}  // namespace limner
