#include "graph/node_weights.h"

#include <unordered_set>

namespace limner {
namespace {

using Uses = std::vector<Graph::WeightUse>;

/// One overload for each operator that has weights; `channels` is the last extent of the node's result.
struct Collect {
  int64_t channels;

  Uses with_bias(const std::string& weight, Shape shape, const std::string& bias, int64_t out) const {
    Uses uses{{weight, shape}};
    if (!bias.empty()) uses.push_back({bias, Shape{out}});
    return uses;
  }
  Uses operator()(const op::Constant& op) const { return {{op.weight, op.stored}}; }
  Uses operator()(const op::Linear& op) const {
    return with_bias(op.weight, Shape{op.out, op.in}, op.bias, op.out);
  }
  Uses operator()(const op::Conv2d& op) const {
    return with_bias(op.weight, Shape{op.out, op.in, op.kernel, op.kernel}, op.bias, op.out);
  }
  Uses operator()(const op::GroupNorm& op) const {
    return with_bias(op.weight, Shape{channels}, op.bias, channels);
  }
  Uses operator()(const op::LayerNorm& op) const {
    return with_bias(op.weight, Shape{channels}, op.bias, channels);
  }
  Uses operator()(const op::PRelu& op) const { return {{op.weight, Shape{channels}}}; }
  Uses operator()(const op::Embedding& op) const { return {{op.weight, Shape{op.rows, op.width}}}; }
  template <class Weightless>
  Uses operator()(const Weightless&) const {
    return {};
  }
};

}  // namespace

std::vector<Graph::WeightUse> node_weights(const Node& node) {
  const int64_t channels = node.shape.rank() == 0 ? 1 : node.shape.back();
  return std::visit(Collect{channels}, node.op);
}

std::vector<Graph::WeightUse> Graph::weights() const {
  std::vector<WeightUse> uses;
  std::unordered_set<std::string> seen;
  for (const Node& node : nodes_) {
    for (WeightUse& use : node_weights(node)) {
      if (seen.insert(use.name).second) uses.push_back(std::move(use));
    }
  }
  return uses;
}

}  // namespace limner
