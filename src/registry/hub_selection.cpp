#include "registry/hub_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/plain_name.h"

namespace limner {
namespace {

constexpr std::array<std::string_view, 8> kTexts = {
    "config.json",    "scheduler_config.json", "vocab.json",        "merges.txt",
    "tokenizer.json", "tokenizer_config.json", "added_tokens.json", "special_tokens_map.json"};
constexpr std::array<std::string_view, 3> kVariants = {"", ".fp16", ".bf16"};
constexpr std::array<std::string_view, 2> kStems = {"diffusion_pytorch_model", "model"};
/// Parts of a pipeline that are not drawn with.
constexpr std::array<std::string_view, 3> kNotDrawnWith = {"safety_checker", "feature_extractor",
                                                           "image_encoder"};
constexpr std::array<std::string_view, 5> kPickles = {".bin", ".ckpt", ".pt", ".pth", ".msgpack"};

bool add(const HubListing& listing, const std::string& path, std::vector<HubFile>& to) {
  const HubFile* file = listing.find(path);
  if (file) to.push_back(*file);
  return file != nullptr;
}

// "model.fp16-00001-of-00002.safetensors"
bool add_shards(const HubListing& listing, const std::string& stem, std::vector<HubFile>& to) {
  const size_t before = to.size();
  for (const HubFile& file : listing.files)
    if (file.path.starts_with(stem + "-") && file.path.find("-of-", stem.size()) != std::string::npos &&
        file.path.find('/', stem.size()) == std::string::npos && file.path.ends_with(".safetensors"))
      to.push_back(file);
  return to.size() > before;
}

// Whether there are weights for `folder` ("unet/", or "" for the repository itself).
bool add_weights(const HubListing& listing, const std::string& folder, Selection& selection) {
  for (const std::string_view variant : kVariants)
    for (const std::string_view stem : kStems) {
      const std::string base = fmt::format("{}{}", folder, stem);
      if (add(listing, fmt::format("{}{}.safetensors", base, variant), selection.weights)) return true;
      if (add(listing, fmt::format("{}.safetensors.index{}.json", base, variant), selection.texts))
        return add_shards(listing, fmt::format("{}{}", base, variant), selection.weights);
    }
  return false;
}

Error only_pickles(const std::string& file) {
  return unsupported(
      "repository",
      fmt::format("it has \"{}\", a pickle, which can run code when it is read, and no safetensors "
                  "instead",
                  file),
      "look for a conversion of the model to safetensors");
}

Result<void> add_part(const HubListing& listing, const std::string& folder, Selection& selection) {
  for (const std::string_view name : kTexts) add(listing, fmt::format("{}{}", folder, name), selection.texts);
  if (add_weights(listing, folder, selection)) return {};
  for (const HubFile& file : listing.files)
    for (const std::string_view ending : kPickles)
      if (file.path.starts_with(folder) && file.path.ends_with(ending) &&
          file.path.find('/', folder.size()) == std::string::npos)
        return only_pickles(file.path);
  return {};
}

}  // namespace

Result<Selection> select_pipeline(const HubListing& listing, const Json& index) {
  if (!index.is_object()) return invalid("model_index.json", "is not a JSON object");
  Selection selection;
  add(listing, "limner.json", selection.texts);
  for (const auto& [part, entry] : index.items()) {
    const bool is_part = entry.is_array() && entry.size() == 2 && entry[1].is_string();
    if (!is_part || std::ranges::count(kNotDrawnWith, part)) continue;
    if (!is_plain_name(part))
      return invalid("model_index.json", fmt::format("\"{}\" is no name of a part", part.substr(0, 80)));
    TRY(add_part(listing, part + "/", selection));
  }
  return selection;
}

Result<Selection> select_component(const HubListing& listing) {
  Selection selection;
  TRY(add_part(listing, "", selection));
  return selection;
}

}  // namespace limner
