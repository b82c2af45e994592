#pragma once
// Pooling, said in operators that there are: a maximum is a sum and a relu, a neighbour is a slice.

#include "graph/graph.h"

namespace limner {

/// The largest of 3x3 pixels, every second pixel, as TensorFlow's "same" padding lays the windows of an even
/// picture: from pixel (2y, 2x), zeros beyond the right and lower edge. x [B, H, W, C] with H and W even and
/// no value below zero -> [B, H/2, W/2, C].
Value max_pool_half(Graph& g, Value x);

/// The mean over positions. x [B, H, W, C], C a multiple of 8 -> [B, C].
Value mean_over_positions(Graph& g, Value x);

}  // namespace limner
