#pragma once
// Reading a network off its weights: the layers that are there, and their shapes within bounds.

#include <string_view>

#include "base/result.h"
#include "graph/graph.h"
#include "tensor/weight_source.h"

namespace limner {

/// Whether SCOPE.weight is there.
bool has_layer(const WeightSource& weights, const Scope& scope);

/// What the weights are read as, for errors, and how large a layer may be.
struct LayerBounds {
  std::string_view network;  ///< "MobileNetV2"
  int64_t extent_max = 0;
};

/// The shape of SCOPE.weight: of `rank`, every extent from 1 to `extent_max`. Else, or if there is none,
/// `unsupported` about `field`.
Result<Shape> layer_shape(const WeightSource& weights, const Scope& scope, size_t rank,
                          const LayerBounds& bounds, std::string_view field);

}  // namespace limner
