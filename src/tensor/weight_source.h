#pragma once
// Where a network's weights come from: a mapped file, several shards, a renaming of another source, a LoRA
// merged in.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/view.h"

namespace limner {

/// One weight as it lies in its file (or was made). `keep` holds whatever owns `view.data`.
struct Weight {
  ConstTensorView view;
  std::shared_ptr<const void> keep;
};

/// Weights by the name that the network's description uses (diffusers names). Immutable; safe from any
/// thread.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  /// Whether `name` exists.
  virtual bool has(std::string_view name) const = 0;
  /// The weight `name`, which must hold `expected` (trailing extents of 1 may be more or fewer: a 1x1
  /// convolution is a linear map). Missing or mis-shaped: `invalid`, naming file, tensor, its shape and the
  /// expected one. Floating types only.
  virtual Result<Weight> get(std::string_view name, const Shape& expected) const = 0;
  /// The stored shape of `name`, or `not_found`.
  virtual Result<Shape> shape_of(std::string_view name) const = 0;
  /// Whether `name` is stored in 8 bits (int8_weight.h). get() gives its values all the same.
  virtual bool is_int8(std::string_view /*name*/) const { return false; }
  /// Every name, sorted.
  virtual std::vector<std::string> names() const = 0;
  /// Tells the system that the file's pages are not needed soon (after packing). Values stay readable.
  virtual void release_pages() const {}
};

/// Whether the shapes agree but for trailing ones.
bool same_but_trailing_ones(const Shape& a, const Shape& b);

}  // namespace limner
