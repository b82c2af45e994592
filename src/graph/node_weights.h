#pragma once
// Which weights an operator reads, and in which shape.

#include <vector>

#include "graph/graph.h"

namespace limner {

/// The weights of `node` in the order weight, bias, each with the shape the file must hold.
std::vector<Graph::WeightUse> node_weights(const Node& node);

}  // namespace limner
