#include "tensor/component_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/sealed_weights.h"
#include "base/sha256.h"
#include "tensor/int8_weight.h"
#include "tensor/safetensors.h"
#include "tensor/weight_errors.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 2> kStems{"diffusion_pytorch_model", "model"};
constexpr std::array<std::string_view, 3> kVariants{"", ".fp16", ".bf16"};
// SDXL's has 0.2 MB. Objects of the JSON library search linearly, so that a larger index would take its
// square in time.
constexpr size_t kIndexBytesMax = size_t{1} << 20;
constexpr size_t kShardsMax = 1000;

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// Tensor name -> the shard's file name.
using ShardIndex = std::map<std::string, std::string, std::less<>>;

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
}

Result<ShardIndex> read_index(const fs::path& path) {
  const std::string field = path.string();
  const std::string text = TRY(read_file(path, kIndexBytesMax));
  const Json json = TRY(parse_json(text, field));
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    return invalid(field, "has no object 'weight_map'");
  ShardIndex index;
  std::set<std::string> shards;
  for (const auto& [name, shard] : json["weight_map"].items()) {
    if (!shard.is_string() || !is_plain_name(shard.get_ref<const std::string&>()))
      return invalid(
          field, fmt::format("weight_map: the place of '{}' is not the name of a file in this folder", name));
    index[name] = shard.get<std::string>();
    shards.insert(shard.get<std::string>());
    if (shards.size() > kShardsMax) return invalid(field, fmt::format("more than {} shards", kShardsMax));
  }
  if (index.empty()) return invalid(field, "weight_map is empty");
  return index;
}

/// Where the weights of a folder are: one file, or an index of several.
struct Place {
  fs::path path;
  bool is_index = false;
};

std::optional<Place> find_weights(const fs::path& folder) {
  for (const std::string_view variant : kVariants)
    for (const std::string_view stem : kStems) {
      fs::path file = folder / fmt::format("{}{}.safetensors", stem, variant);
      if (is_there(file)) return Place{std::move(file), false};
      fs::path index = folder / fmt::format("{}.safetensors.index{}.json", stem, variant);
      if (is_there(index)) return Place{std::move(index), true};
    }
  return std::nullopt;
}

Error nothing_found(const fs::path& folder) {
  if (!is_there(folder)) return not_found(folder.string(), "there is no such folder");
  std::error_code error;
  for (fs::directory_iterator item(folder, error), end; !error && item != end; item.increment(error)) {
    const std::string extension = item->path().extension().string();
    if (extension == ".bin" || extension == ".ckpt" || extension == ".pt" || extension == ".pth")
      return unsupported(folder.string(),
                         fmt::format("holds only '{}', a PyTorch pickle, which can run code when it is read",
                                     item->path().filename().string()),
                         "fetch the model's .safetensors files, or convert where you trust it: "
                         "pipeline.save_pretrained(FOLDER, safe_serialization=True)");
  }
  return not_found(folder.string(), "has no weights",
                   "expected diffusion_pytorch_model.safetensors or model.safetensors, or their shards");
}

/// Several files as one source; the index says which.
class ShardedWeights final : public WeightSource {
 public:
  static Result<std::shared_ptr<const WeightSource>> open(const fs::path& index_path) {
    std::shared_ptr<ShardedWeights> sharded = std::make_shared<ShardedWeights>();
    sharded->path_ = index_path.string();
    std::map<std::string, std::shared_ptr<const SafetensorsFile>> opened;
    for (const auto& [name, shard] : TRY(read_index(index_path))) {
      std::shared_ptr<const SafetensorsFile>& file = opened[shard];
      if (!file) file = TRY(open_safetensors(index_path.parent_path() / shard));
      if (!file->has(name)) return missing_weight(file->path().string(), name);
      sharded->files_.emplace(name, file);
    }
    return std::shared_ptr<const WeightSource>(std::move(sharded));
  }

  bool has(std::string_view name) const override { return files_.contains(name); }
  Result<Weight> get(std::string_view name, const Shape& expected) const override {
    const auto found = files_.find(name);
    if (found == files_.end()) return missing_weight(path_, name);
    return found->second->get(name, expected);
  }
  Result<Shape> shape_of(std::string_view name) const override {
    const auto found = files_.find(name);
    if (found == files_.end()) return missing_weight(path_, name);
    return found->second->shape_of(name);
  }
  bool is_int8(std::string_view name) const override {
    const auto found = files_.find(name);
    return found != files_.end() && found->second->is_int8(name);
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    names.reserve(files_.size());
    for (const auto& [name, file] : files_)
      if (!name.ends_with(kScaleSuffix) || !is_int8(name.substr(0, name.size() - kScaleSuffix.size())))
        names.push_back(name);
    return names;
  }
  void release_pages() const override {
    std::set<const SafetensorsFile*> released;
    for (const auto& [name, file] : files_)
      if (released.insert(file.get()).second) file->release_pages();
  }

 private:
  std::string path_;
  std::map<std::string, std::shared_ptr<const SafetensorsFile>, std::less<>> files_;
};

}  // namespace

Result<std::shared_ptr<const WeightSource>> open_component(const fs::path& folder) {
  const std::optional<Place> place = find_weights(folder);
  if (!place) return nothing_found(folder);
  if (place->is_index) return ShardedWeights::open(place->path);
  return std::shared_ptr<const WeightSource>(TRY(open_safetensors(place->path)));
}

Result<std::vector<fs::path>> component_weight_files(const fs::path& folder) {
  const std::optional<Place> place = find_weights(folder);
  if (!place) return nothing_found(folder);
  if (!place->is_index) return std::vector<fs::path>{place->path};
  std::set<fs::path> files;
  for (const auto& [name, shard] : TRY(read_index(place->path))) files.insert(folder / shard);
  return std::vector<fs::path>(files.begin(), files.end());
}

Result<std::string> weights_sha256(std::span<const fs::path> files) {
  std::string lines;
  for (const fs::path& file : files) {
    const std::string digest = TRY(weights_file_sha256(file));
    if (files.size() == 1) return digest;
    lines += fmt::format("{}  {}\n", digest, file.filename().string());
  }
  return sha256_hex(std::as_bytes(std::span(lines)));
}

}  // namespace limner
