#pragma once
// Which nodes are computed in one pass: what follows a matrix product or a norm folds into it where it costs
// nothing.

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.h"

namespace limner {

/// One pass over memory: a node and what was folded into it. result = activation(node + residual).
struct FusedNode {
  int32_t node = -1;  ///< does the work; its inputs are the pass's inputs
  Value residual;     ///< added to a linear or conv2d, same element count; invalid if none
  std::optional<op::Unary>
      activation;  ///< after linear, conv2d (anything but soft_clip) or group_norm (silu only)
  Value result;    ///< the value that the whole computes
};

/// The graph's nodes in an order that respects their inputs, folded. A fused node stands where its last part
/// stood. Folded: the only use of a linear or conv2d if it is an add of equal shape, then the only use of
/// that if it is an activation; silu after group_norm. Reshapes between them count as nothing. Reshapes
/// elsewhere stay nodes.
std::vector<FusedNode> fuse(const Graph& graph);

}  // namespace limner
