#include "engine/packed_cache.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/build_id.h"
#include "base/sealed_weights.h"
#include "base/sha256.h"
#include "base/version.h"
#include "engine/draw_once.h"
#include "engine/model.h"
#include "engine/packed_place.h"
#include "engine/weights_digest.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

}  // namespace

bool are_sealed(const std::vector<fs::path>& files) {
  return std::ranges::any_of(files, [](const fs::path& file) {
    const Result<bool> sealed = is_sealed_weights(file);
    return !sealed || *sealed;
  });
}

PackedPlace packed_place(const Model& model, const std::string& digest, const std::string& network) {
  // Another build may pack otherwise, and nothing else of it is sure to differ.
  static const std::string build = fmt::format("{}\n{}", kBuild, build_id("libdnnl"));
  const std::string what = fmt::format("{}\n{}\n{}\n{}", digest, network, precision_name(model.precision()),
                                       model.backend().description());
  PackedPlace place;
  place.key = what + "\n" + build;
  // The build is no part of the name: what another build kept is found, refused, and written over.
  const fs::path folder = cache_folder("packed");
  if (!folder.empty()) place.path = folder / (sha256_hex(std::as_bytes(std::span(what))) + ".safetensors");
  return place;
}

Result<KeptWeights> keep_packed(Model& model) {
  if (!model.weights_are_files())
    return unsupported("model", "is loaded with weights that no file holds",
                       "leave LoRAs, embeddings and other autoencoders away");
  if (model.weights_are_sealed())
    return unsupported("model", "is encrypted, and packed weights are kept as they are",
                       "limner model decrypt, where that does not matter");
  const std::string digest = model.weights_hash();
  const fs::path folder = cache_folder("packed");
  if (digest.empty() || folder.empty())
    return not_found("cache", "there is no folder to keep weights in", "set XDG_CACHE_HOME or HOME");
  std::error_code error;
  fs::create_directories(folder, error);
  TRY(draw_once(model));
  for (const auto& [name, network] : model.networks()) TRY(network->keep(packed_place(model, digest, name)));
  return KeptWeights{folder, model.packed_bytes()};
}

Result<void> forget_packed() {
  const fs::path folder = cache_folder("packed");
  std::error_code error;
  if (!folder.empty()) fs::remove_all(folder, error);
  if (error) return Error{Code::unavailable, folder.string(), "cannot be deleted: " + error.message(), {}};
  return {};
}

}  // namespace limner
