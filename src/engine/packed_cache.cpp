#include "engine/packed_cache.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "base/version.h"
#include "engine/draw_once.h"
#include "engine/model.h"
#include "engine/packed_place.h"
#include "engine/weights_digest.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

// Another build may pack otherwise, and nothing else of it is sure to differ.
std::string program_state() {
  struct stat status {};
  if (::stat("/proc/self/exe", &status) != 0) return {};
  return fmt::format("{} {}.{}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

}  // namespace

PackedPlace packed_place(const Model& model, const std::string& digest, const std::string& network) {
  PackedPlace place;
  place.key = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", digest, network, precision_name(model.precision()),
                          model.backend().description(), kBuild, program_state());
  const fs::path folder = cache_folder("packed");
  if (!folder.empty())
    place.path = folder / (sha256_hex(std::as_bytes(std::span(place.key))) + ".safetensors");
  return place;
}

Result<KeptWeights> keep_packed(Model& model) {
  if (!model.weights_are_files())
    return unsupported("model", "is loaded with weights that no file holds",
                       "leave LoRAs, embeddings and other autoencoders away");
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

}  // namespace limner
