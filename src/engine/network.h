#pragma once
// One network of a model: its packed weights and the executables compiled over them.

#include <memory>
#include <mutex>
#include <string>

#include "backend/backend.h"
#include "base/result.h"
#include "engine/recently_used.h"

namespace limner {

/// One network: its weights and the graphs compiled last. Thread-safe.
class Network {
 public:
  Network() = default;
  Network(const Backend& backend, std::shared_ptr<const WeightSource> source, Precision precision);
  /// The executable of `key`, compiled from describe() unless it is among those that were asked for last.
  /// It needs the network as long as it lives.
  template <class Describe>
  Result<std::shared_ptr<const Executable>> compiled(const std::string& key, Describe describe) {
    const std::lock_guard lock(*mutex_);
    if (const auto* known = executables_.find(key)) return *known;
    std::shared_ptr<const Executable> made = TRY(compile(describe()));
    executables_.keep(key, made, 0);
    return made;
  }
  /// One for a caller that keeps it.
  Result<std::unique_ptr<Executable>> compile(const Graph& graph) const {
    return backend_->compile(graph, *weights_);
  }
  bool present() const { return backend_ != nullptr; }
  Precision precision() const { return precision_; }
  /// As PackedWeights says.
  Result<void> attach(const PackedPlace& place) { return weights_->attach(place); }
  Result<void> keep(const PackedPlace& place) const { return weights_->keep(place); }
  size_t packed_bytes() const { return weights_ ? weights_->bytes() : 0; }

 private:
  const Backend* backend_ = nullptr;
  Precision precision_ = Precision::f32;
  std::shared_ptr<const WeightSource> source_;
  std::unique_ptr<PackedWeights> weights_;
  /// The tiles of one picture have up to nine sizes, and strangers ask for pictures of any.
  static constexpr size_t kExecutablesMax = 24;
  RecentlyUsed<std::string, std::shared_ptr<const Executable>> executables_{kExecutablesMax, SIZE_MAX};
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
};

/// The precision of a --dtype; empty is bf16 where the backend computes it, else f32.
Result<Precision> choose_precision(const Backend& backend, const std::string& dtype);

}  // namespace limner
