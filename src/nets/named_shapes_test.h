#pragma once
// Weights of which only names and shapes exist, for networks whose sizes are those of their weights.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "tensor/weight_source.h"

namespace limner::test {

class NamedShapes final : public WeightSource {
 public:
  std::map<std::string, Shape, std::less<>> shapes;

  bool has(std::string_view name) const override { return shapes.find(name) != shapes.end(); }
  Result<Weight> get(std::string_view name, const Shape&) const override {
    return not_found(std::string(name), "only shapes here");
  }
  Result<Shape> shape_of(std::string_view name) const override {
    const auto place = shapes.find(name);
    if (place == shapes.end()) return not_found(std::string(name), "no such weight");
    return place->second;
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, shape] : shapes) names.push_back(name);
    return names;
  }
};

/// What a graph reads.
inline NamedShapes weights_of(const Graph& graph) {
  NamedShapes weights;
  for (const Graph::WeightUse& use : graph.weights()) weights.shapes.emplace(use.name, use.shape);
  return weights;
}

}  // namespace limner::test
