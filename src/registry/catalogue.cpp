#include "registry/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/check.h"
#include "engine/plain_name.h"
#include "registry/catalogue_folders.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

/// Cards of one model with many tenants' adapters must not fill the memory.
constexpr size_t kCardsMax = 64;
constexpr size_t kNamesListed = 40;

template <class Entries>
std::string names_of(const Entries& entries) {
  std::string names;
  size_t count = 0;
  for (const auto& entry : entries) {
    if (++count > kNamesListed) return names + ", ...";
    names += (names.empty() ? "" : ", ") + entry.name;
  }
  return names.empty() ? "(there is none)" : names;
}

Error no_such(const char* field, const std::string& name, const std::string& names) {
  return not_found(field, fmt::format("\"{}\" is not one of: {}", name.substr(0, 100), names));
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<void> check_name(const ModelEntry& entry, const std::string& name, std::set<std::string>& taken) {
  if (!is_plain_name(name))
    return invalid("models", fmt::format("\"{}\" is not a name: {}", name.substr(0, 100), kPlainNameRule));
  if (!taken.insert(name).second)
    return invalid(fmt::format("models: {}", entry.name), fmt::format("the name \"{}\" is given twice", name),
                   "names and aliases are for one model");
  return {};
}

Result<void> check_entry(const ModelEntry& entry) {
  const std::string field = fmt::format("models: {}", entry.name);
  if (entry.path.empty() == !entry.provider)
    return invalid(field, "needs either a path or a provider", "give path = ... or provider = ...");
  if (!entry.sha256.empty() && !is_sha256(entry.sha256))
    return invalid(field, fmt::format("sha256 \"{}\" is not 64 lower-case hexadecimal digits",
                                      entry.sha256.substr(0, 80)));
  if (!entry.dtype.empty() && entry.dtype != "f32" && entry.dtype != "bf16" && entry.dtype != "bf16-direct")
    return invalid(
        field, fmt::format("dtype \"{}\" is not one of: f32, bf16, bf16-direct", entry.dtype.substr(0, 40)));
  if (entry.fallback == entry.name) return invalid(field, "is its own fallback");
  return {};
}

// What makes one card differ from another of the same model.
std::string card_key(const ModelEntry& entry, const LoadOptions& options) {
  std::string key =
      fmt::format("{}\n{}\n{}\n{}", entry.name, options.dtype, options.threads, options.vae.string());
  for (const NamedWeight& lora : options.loras) key += fmt::format("\nlora {} {}", lora.name, lora.weight);
  for (const fs::path& path : options.embeddings) key += "\nembedding " + path.string();
  for (const fs::path& path : options.controlnets) key += "\ncontrolnet " + path.string();
  return key;
}

}  // namespace

struct Catalogue::State {
  std::vector<ModelEntry> models;
  std::map<std::string, size_t> by_name;  ///< names and aliases to models
  std::array<std::vector<AdapterEntry>, kAdapterKinds.size()> adapters;
};

Result<void> Catalogue::check(const CatalogueConfig& config) {
  std::set<std::string> taken;
  for (const ModelEntry& entry : config.models) {
    TRY(check_name(entry, entry.name, taken));
    for (const std::string& alias : entry.aliases) TRY(check_name(entry, alias, taken));
    TRY(check_entry(entry));
  }
  if (!config.default_model.empty() && !is_plain_name(config.default_model))
    return invalid("default_model", fmt::format("\"{}\" is not a name: {}",
                                                config.default_model.substr(0, 100), kPlainNameRule));
  return {};
}

Catalogue::Catalogue(const CatalogueConfig& config) : config_(config) {
  LIMNER_CHECK(check(config), "a catalogue is made of what check() allows");
  refresh();
}

void Catalogue::refresh() {
  auto fresh = std::make_shared<State>();
  fresh->models = config_.models;
  for (size_t i = 0; i < fresh->models.size(); ++i) {
    fresh->by_name[fresh->models[i].name] = i;
    for (const std::string& alias : fresh->models[i].aliases) fresh->by_name[alias] = i;
  }
  for (ModelEntry& found : models_in_folders()) {
    if (!fresh->by_name.emplace(found.name, fresh->models.size()).second) continue;
    fresh->models.push_back(std::move(found));
  }
  for (const AdapterKind kind : kAdapterKinds)
    fresh->adapters[static_cast<size_t>(kind)] = adapters_in_folders(kind);
  const std::lock_guard lock(mutex_);
  state_ = std::move(fresh);
  cards_.clear();
}

std::shared_ptr<const Catalogue::State> Catalogue::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

Result<ModelEntry> Catalogue::find(const std::string& name) const {
  const std::shared_ptr<const State> now = state();
  const std::string& wanted = name.empty() ? config_.default_model : name;
  if (wanted.empty()) {
    if (now->models.empty())
      return not_found("model", "there is no model", "limner model pull or import brings one in");
    return now->models.front();
  }
  const auto found = now->by_name.find(wanted);
  if (found == now->by_name.end()) return no_such("model", wanted, names_of(now->models));
  return now->models[found->second];
}

std::vector<ModelEntry> Catalogue::list() const { return state()->models; }

std::string Catalogue::default_model() const {
  const Result<ModelEntry> entry = find("");
  return entry ? entry->name : config_.default_model;
}

Result<void> Catalogue::check_signed(const fs::path& path, const BytesRead& read) const {
  const SignatureRules& rules = config_.signatures;
  if (!rules.trust || path.empty()) return {};
  const std::string below = path.lexically_relative(rules.exempt).generic_string();
  if (!rules.exempt.empty() && !below.empty() && !below.starts_with("..")) return {};
  std::error_code ignored;
  if (!rules.required && !fs::exists(model_signature_path(path), ignored)) return {};
  TRY(verify_model(path, *rules.trust, SystemClock().now(), read));
  return {};
}

Result<void> Catalogue::check_signed_once(const fs::path& path) const {
  if (!config_.signatures.trust) return {};
  std::error_code error;
  const auto size = fs::file_size(path, error);
  const auto time = fs::last_write_time(path, error);
  const std::string now = fmt::format("{} {}", size, time.time_since_epoch().count());
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = signed_.find(path); !error && found != signed_.end() && found->second == now)
      return {};
  }
  TRY(check_signed(path));
  const std::lock_guard lock(mutex_);
  if (!error) signed_[path] = now;
  return {};
}

Result<AdapterEntry> Catalogue::find_adapter(AdapterKind kind, const std::string& name,
                                             const char* field) const {
  const std::shared_ptr<const State> now = state();
  const std::vector<AdapterEntry>& adapters = now->adapters[static_cast<size_t>(kind)];
  const auto found = std::ranges::find(adapters, name, &AdapterEntry::name);
  if (found == adapters.end()) return no_such(field, name, names_of(adapters));
  if (kind == AdapterKind::upscaler) TRY(check_signed_once(found->path));
  return *found;
}

std::vector<AdapterEntry> Catalogue::list_adapters(AdapterKind kind) const {
  return state()->adapters[static_cast<size_t>(kind)];
}

Result<ModelCard> Catalogue::card(const ModelEntry& entry, const LoadOptions& changes) const {
  if (entry.provider)
    return unsupported("model", fmt::format("{} is drawn elsewhere: only its provider knows it", entry.name));
  LoadOptions options = changes;
  if (options.dtype.empty()) options.dtype = entry.dtype;
  const std::string key = card_key(entry, options);
  std::shared_ptr<const State> before;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = cards_.find(key); found != cards_.end()) return found->second;
    before = state_;
  }
  ModelCard card = TRY(describe(entry.path, options));
  card.info.name = entry.name;
  const std::lock_guard lock(mutex_);
  if (state_ != before) return card;  // refreshed meanwhile: true for now, not worth keeping
  if (cards_.size() >= kCardsMax) cards_.clear();
  return cards_.insert_or_assign(key, std::move(card)).first->second;
}

}  // namespace limner
