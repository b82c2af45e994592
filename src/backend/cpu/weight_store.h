#pragma once
// The weights of one network in the layouts that programs read, each layout packed once however many programs
// share it.

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/packed_file.h"
#include "backend/cpu/program.h"
#include "backend/cpu/tools.h"
#include "backend/mapped_workspace.h"
#include "tensor/weight_source.h"

namespace limner::cpu {

/// Memory for things that are kept until the end: a few large mappings instead of many small ones, so that
/// huge pages fit and nothing is lost between tensors.
class Hoard {
 public:
  /// Zeroed, aligned to 64 bytes, valid as long as this; `exhausted` when the system has no more.
  Result<std::byte*> take(size_t bytes);
  size_t bytes() const { return bytes_; }

 private:
  std::vector<MappedMemory> chunks_;
  size_t used_in_last_ = 0;
  size_t bytes_ = 0;
};

class WeightStore final : public PackedWeights {
 public:
  WeightStore(const WeightSource& source, Precision precision, const Tools& tools)
      : source_(source), type_(internal_type(precision)), precision_(precision), tools_(tools) {}

  size_t bytes() const override;
  Result<void> attach(const PackedPlace& place) override;
  Result<void> keep(const PackedPlace& place) const override;
  Precision precision() const { return precision_; }
  /// What each request asks for, packing what is not there yet; tells the source now and then that the pages
  /// it was read from are not needed, so that a network is never in memory twice. Missing, mis-shaped or not
  /// finite: `invalid`.
  Result<std::vector<const void*>> resolve(const std::vector<WeightRequest>& requests);

 private:
  /// A tensor in one of its forms.
  struct Entry {
    WeightRequest request;
    const std::byte* data;
    size_t bytes;
  };

  /// A tensor converted but not yet reordered.
  class Staging;

  Result<const void*> resolve_one(const WeightRequest& request, Staging& staging);
  Result<std::byte*> make(const WeightRequest& request, Staging& staging);
  Result<std::byte*> pack(const WeightRequest& request, const ConstTensorView& view, Staging& staging);
  Result<std::byte*> transform(const WeightRequest& request, const ConstTensorView& view, Staging& staging);

  const WeightSource& source_;
  DType type_;
  Precision precision_;
  const Tools& tools_;
  mutable std::mutex mutex_;
  std::multimap<std::string, Entry, std::less<>> entries_;
  Hoard hoard_;
  std::optional<PackedFile> attached_;
  size_t attached_bytes_ = 0;  ///< taken from it
};

}  // namespace limner::cpu
