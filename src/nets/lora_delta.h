#pragma once
// The arithmetic of LoRA: a module's tensors -> the change of its weight.

#include <cstdint>
#include <span>

#include "base/result.h"
#include "nets/lora_file.h"
#include "tensor/shape.h"

namespace limner {

/// A change seen as a matrix: as many rows as the weight has outputs, its other extents flattened.
struct LoraExtents {
  int64_t rows = 0;
  int64_t columns = 0;
  friend bool operator==(const LoraExtents&, const LoraExtents&) = default;
};

/// A weight of this shape as a matrix. Scalars have no rows.
LoraExtents matrix_extents(const Shape& shape);

/// The extents of `module`'s change, from shapes alone. `invalid`, naming file and module, if its tensors do
/// not fit together.
Result<LoraExtents> lora_extents(const LoraFile& file, const LoraModule& module);

/// target += weight (alpha / rank) change; `target` is the weight in f32, row-major, of lora_extents(). One
/// thread; sums in a fixed order.
Result<void> add_lora(const LoraFile& file, const LoraModule& module, float weight, std::span<float> target);

}  // namespace limner
