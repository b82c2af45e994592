#pragma once
// Loaded models: on demand, in the background, under a memory budget.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "registry/catalogue.h"

namespace limner {

/// A model with what changes its weights: what one loaded model is.
struct ModelVariant {
  std::string model;  ///< name
  std::string dtype;  ///< empty: the entry's
  /// Adapters with the paths they were found at: by name in the catalogue, or a tenant's own upload.
  std::vector<NamedWeight> loras;
  std::vector<std::filesystem::path> embeddings, controlnets;
  std::filesystem::path vae;

  /// Equal keys load equal models: the name, and a digest of the rest where there is any.
  std::string key() const;
  /// How the engine is asked for it.
  LoadOptions load_options(const ModelEntry& entry, int threads) const;
};

struct PoolConfig {
  size_t memory_bytes =
      0;  ///< for weights of all loaded models; 0: three quarters of what the machine has free at start
  int threads = 0;
};

enum class LoadState { absent, waiting, loading, ready, failed };

/// How a variant stands, for /v1/models and the admin API.
struct PoolStatus {
  std::string key, model;
  LoadState state = LoadState::absent;
  double progress = 0;  ///< 0..1 while loading
  size_t bytes = 0;
  TimeUs used = 0;
  std::string error;
};

/// A loaded model that stays while somebody holds it. Drawing on it is for one thread at a time (the
/// engine's).
class LoadedModel {
 public:
  LoadedModel(ModelPtr model, std::string key, std::string sha256, size_t bytes);
  Model& model() const { return *model_; }
  const std::string& key() const { return key_; }
  const std::string& sha256() const { return sha256_; }  ///< the version that metadata and the ledger name
  size_t bytes() const { return bytes_; }

 private:
  ModelPtr model_;
  std::string key_, sha256_;
  size_t bytes_;
};

/// Thread-safe; loads one model at a time on a thread of its own. A loaded model has drawn one step at its
/// default size before it is handed out, so that its weights are packed and the first picture waits for
/// nothing. Room is made by dropping the least recently used that nobody holds and that is not warm; without
/// room a load fails with `exhausted` and is tried again when something was given back (with `too_large`
/// where no room would do). Warm models that failed are tried again by themselves.
class ModelPool {
 public:
  ModelPool(const PoolConfig& config, const Catalogue& catalogue, const Clock& clock, Log& log,
            Metrics& metrics);
  ~ModelPool();

  /// The model if it is ready now, else nothing: and its loading is put in line. It may be held beyond the
  /// pool's life.
  std::shared_ptr<LoadedModel> get(const ModelVariant& variant);
  /// The same without putting it in line.
  std::shared_ptr<LoadedModel> peek(const std::string& key);
  /// Why loading failed, if it did. Cleared by the next get() five seconds later: a repaired file is tried
  /// again.
  std::optional<Error> failure(const std::string& key);
  /// Called on the pool's thread when a variant became ready (`ready`), failed (`failed`), or was dropped
  /// (`absent`). To be set before the first get(); it may call the pool.
  void on_change(std::function<void(const std::string& key, LoadState state)> tell);
  /// How long the variant took to load the last time, its first step included; 0: it was never loaded.
  double load_seconds(const std::string& key) const;
  std::vector<PoolStatus> status() const;
  /// Whether every warm model is loaded: for /readyz.
  bool warm_models_ready() const;
  /// Starts loading the warm models.
  void start();
  /// Drops what nobody holds: an A1111 "unload", a changed configuration. Warm models are loaded anew.
  void drop_idle();
  size_t bytes_loaded() const;
  size_t memory_bytes() const { return config_.memory_bytes; }

 private:
  struct Slot;
  struct Shared;
  /// What the pool's thread has to do next.
  struct Work {
    std::string load;  ///< key of the variant to load
    std::vector<std::pair<std::string, LoadState>> tell;
  };

  Slot* slot_for(const std::string& key, const ModelVariant& variant);
  std::shared_ptr<LoadedModel> lend(Slot& slot);
  void put_in_line(Slot& slot);
  bool has_room_for(size_t bytes) const;
  void retry_what_may_succeed_now();
  bool next_work(Work& work);
  void run();
  void load(const std::string& key);
  Result<std::shared_ptr<LoadedModel>> load_variant(const std::string& key, const ModelVariant& variant);
  Result<void> make_room(const std::string& key, const std::string& name, size_t bytes);
  void drop(Slot& slot, std::vector<std::shared_ptr<LoadedModel>>& dropped);
  size_t bytes_loaded_now() const;
  bool report(const std::string& key, double progress);
  void count_loaded();

  PoolConfig config_;
  const Catalogue& catalogue_;
  const Clock& clock_;
  Log& log_;
  MetricFamily<Histogram>& load_seconds_;
  Gauge& models_loaded_;
  Gauge& weight_bytes_;
  Counter& evictions_;
  std::shared_ptr<Shared> shared_;  ///< outlives the pool in the hands of whoever holds a model
  std::map<std::string, std::unique_ptr<Slot>> slots_;
  std::deque<std::string> line_;
  std::vector<std::pair<std::string, LoadState>> untold_;
  std::function<void(const std::string&, LoadState)> tell_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace limner
