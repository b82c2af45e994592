#pragma once
// Every model, LoRA, ControlNet, upscaler there is to draw with, by name. From a network only names are
// taken, never paths.

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "provenance/model_signature.h"
#include "registry/provider.h"

namespace limner {

/// A model by name: a file or folder of ours, or a provider's.
struct ModelEntry {
  std::string name;
  std::vector<std::string> aliases;
  std::filesystem::path path;              ///< empty: remote
  std::optional<ProviderConfig> provider;  ///< remote
  std::string dtype;                       ///< empty: load()'s choice
  std::string sha256;    ///< the digest its weights must have (as model_hash() says it); empty: not checked
  bool warm = false;     ///< kept loaded
  std::string fallback;  ///< drawn with when this one cannot be loaded or reached
  int64_t created = 0;   ///< seconds, for listings
};

/// What lies in a model folder beside models: a file that changes a model or enlarges pictures.
struct AdapterEntry {
  std::string name;  ///< file name without ".safetensors"
  std::filesystem::path path;
};
enum class AdapterKind { lora, embedding, controlnet, upscaler, vae };
const char* adapter_folder(AdapterKind kind);  ///< "loras", "embeddings", "controlnets", "upscalers", "vaes"

/// Whose models and adapters are drawn with.
struct SignatureRules {
  ModelTrustPtr trust;           ///< null: signatures are not looked at
  bool required = false;         ///< what is not signed is not drawn with
  std::filesystem::path exempt;  ///< what lies below need not be signed: tenants' own uploads
};

struct CatalogueConfig {
  std::vector<ModelEntry> models;  ///< named in the configuration; go before what is found in folders
  std::string default_model;       ///< empty: the first
  SignatureRules signatures;
};

/// Thread-safe. Folders are read again by refresh().
class Catalogue {
 public:
  /// Whether a catalogue can be made of `config`: plain names, none twice (aliases included), each model
  /// either a path or a provider's, digests that are digests. `invalid` names the model and the key.
  static Result<void> check(const CatalogueConfig& config);
  /// `config` must have passed check().
  explicit Catalogue(const CatalogueConfig& config);
  /// By name or alias; empty: the default model. `not_found` with field "model", listing names.
  Result<ModelEntry> find(const std::string& name) const;
  std::vector<ModelEntry> list() const;
  std::string default_model() const;
  /// Whether the model or adapter at `path` may be drawn with: its signature, where it has one or must have
  /// one, and every byte of its files (verify_model()). Takes as long as reading them.
  Result<void> check_signed(const std::filesystem::path& path, const BytesRead& read = {}) const;
  /// By name only; `not_found` names the field and lists what there is. An upscaler is checked too, once for
  /// as long as its file does not change; models and other adapters are when they are loaded.
  Result<AdapterEntry> find_adapter(AdapterKind kind, const std::string& name, const char* field) const;
  std::vector<AdapterEntry> list_adapters(AdapterKind kind) const;
  /// describe(), remembered until refresh(). For a remote model `unsupported`. `changes` are the adapters
  /// that the model is loaded with: they may add warnings, text vectors and ControlNets; its dtype wins over
  /// the entry's.
  Result<ModelCard> card(const ModelEntry& entry, const LoadOptions& changes = {}) const;
  /// Reads the model folders again, and forgets cards.
  void refresh();

 private:
  struct State;
  std::shared_ptr<const State> state() const;
  Result<void> check_signed_once(const std::filesystem::path& path) const;
  CatalogueConfig config_;
  mutable std::mutex mutex_;
  std::shared_ptr<const State> state_;
  mutable std::map<std::string, ModelCard> cards_;
  mutable std::map<std::filesystem::path, std::string> signed_;  ///< upscalers found right: size and time
};

}  // namespace limner
