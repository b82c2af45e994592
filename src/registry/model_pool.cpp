// Thread safety: everything but configuration is guarded by shared_->mutex, which is never held while a model
// is loaded, destroyed, or told of.
//
// Invariants: 1. A slot has a model if and only if it is `ready`. 2. A key is in line if and only if its slot
// is `waiting`. 3. Only the pool's thread makes slots `loading` or `ready`.

#include "registry/model_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>

#include "base/check.h"
#include "base/memory.h"
#include "registry/model_pool_loading.h"

namespace limner {
namespace {

constexpr TimeUs kRetryUs = 5 * kSecondUs;
/// Slots in any state. Strangers' adapters make variants without end.
constexpr size_t kSlotsMax = 256;

double gibibytes(size_t bytes) { return static_cast<double>(bytes) / (1u << 30); }

}  // namespace

struct ModelPool::Shared {
  std::mutex mutex;
  std::condition_variable wake;
  bool room_wanted = false;  ///< some load waits for models to be given back
};

struct ModelPool::Slot {
  ModelVariant variant;
  std::string key;
  LoadState state = LoadState::absent;
  bool warm = false;
  double progress = 0;
  TimeUs used = 0, failed = 0;
  double load_seconds = 0;
  size_t lacked_bytes = 0;  ///< the room that its load did not find; 0 if it failed otherwise
  std::optional<Error> error;
  std::shared_ptr<LoadedModel> model;

  bool held() const { return model.use_count() > 1; }
};

LoadedModel::LoadedModel(ModelPtr model, std::string key, std::string sha256, size_t bytes)
    : model_(std::move(model)), key_(std::move(key)), sha256_(std::move(sha256)), bytes_(bytes) {}

ModelPool::ModelPool(const PoolConfig& config, const Catalogue& catalogue, const Clock& clock, Log& log,
                     Metrics& metrics)
    : config_(config),
      catalogue_(catalogue),
      clock_(clock),
      log_(log),
      load_seconds_(metrics.histogram("limner_model_load_seconds", "Time from file to first step of a model.",
                                      kPictureSeconds, {"model"})),
      models_loaded_(metrics.gauge("limner_models_loaded", "Models that are ready to draw.").with({})),
      weight_bytes_(
          metrics.gauge("limner_memory_bytes", "Memory by what it holds.", {"kind"}).with({"weights"})),
      evictions_(metrics.counter("limner_model_evictions_total", "Models dropped to make room.").with({})),
      shared_(std::make_shared<Shared>()) {
  if (config_.memory_bytes == 0) config_.memory_bytes = available_memory_bytes() / 4 * 3;
  thread_ = std::thread([this] { run(); });
}

ModelPool::~ModelPool() {
  {
    const std::lock_guard lock(shared_->mutex);
    stopping_ = true;
  }
  shared_->wake.notify_all();
  thread_.join();
}

void ModelPool::on_change(std::function<void(const std::string&, LoadState)> tell) {
  const std::lock_guard lock(shared_->mutex);
  tell_ = std::move(tell);
}

// A new slot takes the place of one that failed or was never put in line; without such a place there is none.
ModelPool::Slot* ModelPool::slot_for(const std::string& key, const ModelVariant& variant) {
  if (const auto found = slots_.find(key); found != slots_.end()) return found->second.get();
  if (slots_.size() >= kSlotsMax) {
    const auto idle = std::ranges::find_if(slots_, [](const auto& entry) {
      return entry.second->state == LoadState::failed && !entry.second->warm;
    });
    if (idle == slots_.end()) return nullptr;
    slots_.erase(idle);
  }
  auto slot = std::make_unique<Slot>();
  slot->variant = variant;
  slot->key = key;
  return (slots_[key] = std::move(slot)).get();
}

// What is lent keeps the model alive, and wakes the pool when it comes back and somebody waits for room.
// Owners are counted under the lock only, so that held() is exact; a model that outlived its pool is
// destroyed outside of it.
std::shared_ptr<LoadedModel> ModelPool::lend(Slot& slot) {
  slot.used = clock_.steady();
  LoadedModel* const lent = slot.model.get();
  return {lent, [kept = slot.model, shared = shared_](LoadedModel*) mutable {
            const std::lock_guard lock(shared->mutex);
            if (kept.use_count() > 1) kept.reset();
            if (shared->room_wanted) shared->wake.notify_all();
          }};
}

void ModelPool::put_in_line(Slot& slot) {
  slot.state = LoadState::waiting;
  slot.error.reset();
  slot.lacked_bytes = 0;
  slot.progress = 0;
  line_.push_back(slot.key);
  shared_->wake.notify_all();
}

std::shared_ptr<LoadedModel> ModelPool::get(const ModelVariant& variant) {
  const std::string key = variant.key();
  const std::lock_guard lock(shared_->mutex);
  Slot* const slot = slot_for(key, variant);
  if (!slot || stopping_) return nullptr;
  if (slot->state == LoadState::ready) return lend(*slot);
  const bool again = slot->state == LoadState::failed && clock_.steady() - slot->failed >= kRetryUs;
  if (slot->state == LoadState::absent || again) put_in_line(*slot);
  return nullptr;
}

std::shared_ptr<LoadedModel> ModelPool::peek(const std::string& key) {
  const std::lock_guard lock(shared_->mutex);
  const auto found = slots_.find(key);
  return found == slots_.end() || !found->second->model ? nullptr : lend(*found->second);
}

std::optional<Error> ModelPool::failure(const std::string& key) {
  const std::lock_guard lock(shared_->mutex);
  const auto found = slots_.find(key);
  return found == slots_.end() ? std::nullopt : found->second->error;
}

double ModelPool::load_seconds(const std::string& key) const {
  const std::lock_guard lock(shared_->mutex);
  const auto found = slots_.find(key);
  return found == slots_.end() ? 0 : found->second->load_seconds;
}

std::vector<PoolStatus> ModelPool::status() const {
  const std::lock_guard lock(shared_->mutex);
  std::vector<PoolStatus> all;
  for (const auto& [key, slot] : slots_)
    all.push_back({key, slot->variant.model, slot->state, slot->progress,
                   slot->model ? slot->model->bytes() : 0, slot->used,
                   slot->error ? slot->error->text() : ""});
  return all;
}

bool ModelPool::warm_models_ready() const {
  const std::vector<ModelEntry> entries = catalogue_.list();
  const std::lock_guard lock(shared_->mutex);
  return std::ranges::all_of(entries, [&](const ModelEntry& entry) {
    if (!entry.warm || entry.provider) return true;
    const auto slot = slots_.find(entry.name);
    return slot != slots_.end() && slot->second->state == LoadState::ready;
  });
}

void ModelPool::start() {
  for (const ModelEntry& entry : catalogue_.list()) {
    if (!entry.warm || entry.provider) continue;
    const std::lock_guard lock(shared_->mutex);
    Slot* const slot = slot_for(entry.name, {.model = entry.name});
    if (!slot) continue;
    slot->warm = true;
    if (slot->state == LoadState::absent || slot->state == LoadState::failed) put_in_line(*slot);
  }
}

size_t ModelPool::bytes_loaded_now() const {
  size_t bytes = 0;
  for (const auto& [key, slot] : slots_)
    if (slot->model) bytes += slot->model->bytes();
  return bytes;
}

size_t ModelPool::bytes_loaded() const {
  const std::lock_guard lock(shared_->mutex);
  return bytes_loaded_now();
}

void ModelPool::count_loaded() {
  const auto loaded =
      std::ranges::count_if(slots_, [](const auto& entry) { return entry.second->model != nullptr; });
  models_loaded_.set(static_cast<double>(loaded));
  weight_bytes_.set(static_cast<double>(bytes_loaded_now()));
}

// The caller destroys `dropped` when it no longer holds the lock. Warm slots are put in line anew.
void ModelPool::drop(Slot& slot, std::vector<std::shared_ptr<LoadedModel>>& dropped) {
  dropped.push_back(std::move(slot.model));
  slot.state = LoadState::absent;
  untold_.emplace_back(slot.key, LoadState::absent);
  if (slot.warm)
    put_in_line(slot);
  else
    slots_.erase(std::string(slot.key));
  count_loaded();
}

void ModelPool::drop_idle() {
  std::vector<std::shared_ptr<LoadedModel>> dropped;
  {
    const std::lock_guard lock(shared_->mutex);
    std::vector<Slot*> idle;
    for (const auto& [key, slot] : slots_)
      if (slot->model && !slot->held()) idle.push_back(slot.get());
    for (Slot* slot : idle) drop(*slot, dropped);
  }
  shared_->wake.notify_all();
}

// By dropping everything that may be dropped.
bool ModelPool::has_room_for(size_t bytes) const {
  size_t staying = 0;
  for (const auto& [key, slot] : slots_)
    if (slot->model && (slot->held() || slot->warm)) staying += slot->model->bytes();
  return staying + bytes <= config_.memory_bytes;
}

Result<void> ModelPool::make_room(const std::string& key, const std::string& name, size_t bytes) {
  const auto lacks = [&](Code code, size_t has, const char* hint) {
    return Error{code, "model",
                 fmt::format("{} needs {:.2f} GiB for its weights, and {:.2f} GiB of {:.2f} can be had", name,
                             gibibytes(bytes), gibibytes(has), gibibytes(config_.memory_bytes)),
                 hint};
  };
  if (bytes > config_.memory_bytes)
    return lacks(Code::too_large, config_.memory_bytes, "raise the memory limit for models, or use bf16");
  std::vector<std::shared_ptr<LoadedModel>> dropped;
  const std::lock_guard lock(shared_->mutex);
  if (!has_room_for(bytes)) {
    slots_.at(key)->lacked_bytes = bytes;
    return lacks(Code::exhausted, config_.memory_bytes - std::min(config_.memory_bytes, bytes_loaded_now()),
                 "it is tried again when another model is no longer drawn with");
  }
  while (bytes_loaded_now() + bytes > config_.memory_bytes) {
    Slot* oldest = nullptr;
    for (const auto& [other, slot] : slots_)
      if (slot->model && !slot->held() && !slot->warm && (!oldest || slot->used < oldest->used))
        oldest = slot.get();
    LIMNER_CHECK(oldest, "there is room when all that may be dropped is");
    log_.info("model_evicted", {{"model", oldest->variant.model}, {"bytes", oldest->model->bytes()}});
    drop(*oldest, dropped);
    evictions_.add();
  }
  return {};
}

bool ModelPool::report(const std::string& key, double progress) {
  const std::lock_guard lock(shared_->mutex);
  if (const auto found = slots_.find(key); found != slots_.end()) found->second->progress = progress;
  return !stopping_;
}

Result<std::shared_ptr<LoadedModel>> ModelPool::load_variant(const std::string& key,
                                                             const ModelVariant& variant) {
  const ModelEntry entry = TRY(catalogue_.find(variant.model));
  const LoadOptions options = variant.load_options(entry, config_.threads);
  const ModelCard card = TRY(catalogue_.card(entry, options));
  TRY(make_room(key, entry.name, card.weight_bytes));
  return load_for_drawing(catalogue_, entry, options, card, key,
                          [&](double progress) { return report(key, progress); });
}

void ModelPool::load(const std::string& key) {
  ModelVariant variant;
  {
    const std::lock_guard lock(shared_->mutex);
    Slot& slot = *slots_.at(key);
    slot.state = LoadState::loading;
    variant = slot.variant;
  }
  const TimeUs started = clock_.steady();
  Result<std::shared_ptr<LoadedModel>> loaded = Error{};
  try {
    loaded = load_variant(key, variant);
  } catch (const std::bad_alloc&) {
    loaded = Error{Code::exhausted, "model", variant.model + " does not fit into the memory there is", ""};
  } catch (const std::exception& error) {
    loaded = Error{Code::internal, "model", error.what(), ""};
  }
  const TimeUs now = clock_.steady();
  const double seconds = static_cast<double>(now - started) / kSecondUs;
  if (loaded) {
    load_seconds_.with({variant.model}).observe(seconds);
    log_.info("model_loaded", {{"model", variant.model},
                               {"key", key},
                               {"sha256", (*loaded)->sha256()},
                               {"bytes", (*loaded)->bytes()},
                               {"seconds", seconds}});
  } else {
    log_.warning("model_load_failed", {{"model", variant.model},
                                       {"key", key},
                                       {"code", code_name(loaded.error().code)},
                                       {"error", loaded.error().text()}});
  }
  const std::lock_guard lock(shared_->mutex);
  Slot& slot = *slots_.at(key);
  slot.state = loaded ? LoadState::ready : LoadState::failed;
  slot.used = now;
  slot.progress = loaded ? 1 : 0;
  if (loaded) {
    slot.load_seconds = seconds;
    slot.model = std::move(*loaded);
  } else {
    slot.error = std::move(loaded).error();
    slot.failed = now;
  }
  untold_.emplace_back(key, slot.state);
  count_loaded();
}

// A load that found no room when there is some; a warm model is never given up.
void ModelPool::retry_what_may_succeed_now() {
  const TimeUs now = clock_.steady();
  shared_->room_wanted = false;
  for (const auto& [key, slot] : slots_) {
    if (slot->state != LoadState::failed) continue;
    const bool lacked_room = slot->lacked_bytes > 0;
    if (lacked_room ? has_room_for(slot->lacked_bytes) : slot->warm && now - slot->failed >= kRetryUs)
      put_in_line(*slot);
    else
      shared_->room_wanted |= lacked_room;
  }
}

// Waits for something to do; false at the end.
bool ModelPool::next_work(Work& work) {
  std::unique_lock lock(shared_->mutex);
  while (true) {
    if (stopping_) return false;
    retry_what_may_succeed_now();
    work.tell = std::exchange(untold_, {});
    work.load.clear();
    if (!line_.empty() && work.tell.empty()) {
      work.load = line_.front();
      line_.pop_front();
    }
    if (!work.load.empty() || !work.tell.empty()) return true;
    const bool warm_failed = std::ranges::any_of(slots_, [](const auto& entry) {
      return entry.second->warm && entry.second->state == LoadState::failed;
    });
    if (warm_failed)
      shared_->wake.wait_for(lock, std::chrono::seconds(1));
    else
      shared_->wake.wait(lock);
  }
}

void ModelPool::run() {
  Work work;
  while (next_work(work)) {
    std::function<void(const std::string&, LoadState)> tell;
    {
      const std::lock_guard lock(shared_->mutex);
      tell = tell_;
    }
    for (const auto& [key, state] : work.tell)
      if (tell) tell(key, state);
    if (!work.load.empty()) load(work.load);
  }
}

}  // namespace limner
