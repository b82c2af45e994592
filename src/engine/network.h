#pragma once
// One network of a model: its packed weights and the executables compiled over them.

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "backend/backend.h"
#include "base/result.h"

namespace limner {

/// One network: its weights and its compiled graphs. Compiling is cached by the graph's key. Thread-safe.
class Network {
 public:
  Network() = default;
  Network(const Backend& backend, std::shared_ptr<const WeightSource> source, Precision precision);
  /// The executable of `key`, compiled from describe() the first time. Owned by the network.
  template <class Describe>
  Result<const Executable*> compiled(const std::string& key, Describe describe) {
    const std::lock_guard lock(*mutex_);
    const auto found = executables_.find(key);
    if (found != executables_.end()) return const_cast<const Executable*>(found->second.get());
    std::unique_ptr<Executable> made = TRY(backend_->compile(describe(), *weights_));
    return const_cast<const Executable*>((executables_[key] = std::move(made)).get());
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
  std::map<std::string, std::unique_ptr<Executable>> executables_;
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
};

/// The precision of a --dtype; empty is bf16 where the backend computes it, else f32.
Result<Precision> choose_precision(const Backend& backend, const std::string& dtype);

}  // namespace limner
