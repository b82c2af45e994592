#include "graph/work.h"

#include <fmt/format.h>

namespace limner {
namespace {

struct WorkText {
  const Graph& graph;
  const Node& node;

  const Shape& in(size_t index) const { return graph.shape(node.inputs[index]); }
  std::string plain() const { return fmt::format("{} {}", op::name(node.op), node.shape.text()); }

  std::string operator()(const op::Linear& linear) const {
    return fmt::format("linear {} -> {}{}", in(0).text(), linear.out, linear.int8 ? " int8" : "");
  }
  std::string operator()(const op::Conv2d& conv) const {
    const std::string stride = conv.stride == 1 ? "" : fmt::format(" stride {}", conv.stride);
    return fmt::format("conv2d {0}x{0}{1} {2} -> {3}{4}", conv.kernel, stride, in(0).text(), conv.out,
                       conv.int8 ? " int8" : "");
  }
  std::string operator()(const op::Attention& attention) const {
    return fmt::format("attention {} heads {} to {}", attention.heads, in(0).text(), in(1)[1]);
  }
  template <class Other>
  std::string operator()(const Other&) const {
    return plain();
  }
};

struct WorkCount {
  const Graph& graph;
  const Node& node;

  double operator()(const op::Linear& linear) const {
    return 2.0 * static_cast<double>(node.shape.count() * linear.in);
  }
  double operator()(const op::Conv2d& conv) const {
    return 2.0 * static_cast<double>(node.shape.count() * conv.in * conv.kernel * conv.kernel);
  }
  double operator()(const op::Attention&) const {
    return 4.0 * static_cast<double>(node.shape.count() * graph.shape(node.inputs[1])[1]);
  }
  template <class Other>
  double operator()(const Other&) const {
    return 0;
  }
};

}  // namespace

std::string describe_work(const Graph& graph, const Node& node) {
  return std::visit(WorkText{graph, node}, node.op);
}

double operations(const Graph& graph, const Node& node) {
  return std::visit(WorkCount{graph, node}, node.op);
}

}  // namespace limner
