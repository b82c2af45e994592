#include "registry/model_pool_loading.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/draw_once.h"

namespace limner {
namespace {

/// Shares of the whole: hashing reads every byte, opening packs the text encoders and the UNet, the step
/// packs the rest.
constexpr double kHashed = 0.5, kLoaded = 0.55, kOpened = 0.9;

Error loading_interrupted() { return Error{Code::cancelled, "model", "loading was interrupted", ""}; }

Result<void> check_digest(const ModelEntry& entry, const ModelCard& card,
                          const std::function<bool(double)>& progress) {
  if (entry.sha256.empty()) return {};
  const std::string found = TRY(hash_weights(card, [&](double share) { return progress(kHashed * share); }));
  if (found == entry.sha256) return {};
  return Error{Code::data_loss, "model",
               fmt::format("{}: its weights have the digest {}, and {} was configured", entry.name, found,
                           entry.sha256),
               "bring in the right files, or correct sha256"};
}

// Of the model and of everything that changes it.
Result<void> check_signatures(const Catalogue& catalogue, const ModelEntry& entry, const LoadOptions& options,
                              const ModelCard& card, const std::function<bool(double)>& progress) {
  size_t bytes = 0;
  const auto read = [&](size_t more) {
    bytes += more;
    return progress(kHashed * std::min(1.0, static_cast<double>(bytes) /
                                                static_cast<double>(std::max<size_t>(card.weight_bytes, 1))));
  };
  TRY(catalogue.check_signed(entry.path, read));
  for (const NamedWeight& lora : options.loras) TRY(catalogue.check_signed(lora.name, read));
  for (const auto& paths : {options.embeddings, options.controlnets})
    for (const std::filesystem::path& path : paths) TRY(catalogue.check_signed(path, read));
  return catalogue.check_signed(options.vae, read);
}

}  // namespace

Result<std::shared_ptr<LoadedModel>> load_for_drawing(const Catalogue& catalogue, const ModelEntry& entry,
                                                      const LoadOptions& options, const ModelCard& card,
                                                      const std::string& key,
                                                      const std::function<bool(double)>& progress) {
  TRY(check_signatures(catalogue, entry, options, card, progress));
  TRY(check_digest(entry, card, progress));
  ModelPtr model = TRY(load(entry.path, options));
  if (!progress(kLoaded)) return loading_interrupted();
  TRY(draw_once(*model, [&] { return progress(kOpened); }));
  std::string sha256 = model_hash(*model);
  const size_t bytes = weight_bytes(*model);
  return std::make_shared<LoadedModel>(std::move(model), key, std::move(sha256), bytes);
}

}  // namespace limner
