#pragma once
// A weight that is there, has the right shape and holds numbers: the check every backend makes before it
// packs one.

#include <string_view>

#include "base/result.h"
#include "tensor/weight_source.h"

namespace limner {

/// WeightSource::get, and `invalid` naming the tensor if an element is NaN or infinite. One pass at memory
/// speed.
Result<Weight> get_finite(const WeightSource& source, std::string_view name, const Shape& expected);

/// Whether all `view.shape.count()` elements are finite. f32, f16, bf16 and f64.
bool all_finite(const ConstTensorView& view);

}  // namespace limner
