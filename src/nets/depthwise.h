#pragma once
// Depthwise convolution, said in operators that there are: a neighbour is a slice, a tap is a product with a
// row of weights.

#include "graph/graph.h"

namespace limner {

/// Each channel convolved with its own 3x3 kernel, zeros around. x [B, H, W, C] -> [B, H, W, C], or with
/// stride 2 (H and W even) [B, H/2, W/2, C]: TensorFlow's windows, which begin at pixel (2y, 2x). Weights:
/// scope.weight [9, C], a row a tap, top left first; scope.bias [C].
Value depthwise_3x3(Graph& g, Value x, const Scope& scope, int64_t stride);

}  // namespace limner
