#pragma once
// What a node is and how much it computes, for reports on time.

#include <string>

#include "graph/graph.h"

namespace limner {

/// "conv2d 3x3 [2, 64, 64, 320] -> 320", "attention 8 heads [2, 4096, 320] to 77", "add [2, 64, 64, 320]".
std::string describe_work(const Graph& graph, const Node& node);

/// Multiplications and additions of a linear, conv2d or attention, as the literature counts them: by the
/// definition, whatever method computes it. 0 for all others.
double operations(const Graph& graph, const Node& node);

}  // namespace limner
