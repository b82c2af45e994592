#include <fmt/format.h>

#include "base/crypto.h"
#include "registry/model_pool.h"

namespace limner {

std::string ModelVariant::key() const {
  std::string rest;
  if (!dtype.empty()) rest += "\ndtype " + dtype;
  for (const NamedWeight& lora : loras) rest += fmt::format("\nlora {} {}", lora.name, lora.weight);
  for (const auto& path : embeddings) rest += "\nembedding " + path.string();
  for (const auto& path : controlnets) rest += "\ncontrolnet " + path.string();
  if (!vae.empty()) rest += "\nvae " + vae.string();
  if (rest.empty()) return model;
  return fmt::format("{}#{}", model, to_hex(sha256_bytes(rest)).substr(0, 32));
}

LoadOptions ModelVariant::load_options(const ModelEntry& entry, int threads) const {
  LoadOptions options;
  options.dtype = dtype.empty() ? entry.dtype : dtype;
  options.threads = threads;
  options.loras = loras;
  options.embeddings = embeddings;
  options.controlnets = controlnets;
  options.vae = vae;
  return options;
}

}  // namespace limner
