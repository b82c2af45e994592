#include "engine/layer_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace limner {
namespace {

// Operands that one run gives out; SD 1.5's widest alone are 10 MiB each.
constexpr size_t kGroupBytes = size_t{256} << 20;

// Sums of so many products of 8 bits fit into 32.
constexpr int64_t kInMax = int64_t{1} << 17;

std::string scope_of(const std::string& weight) {
  constexpr std::string_view kSuffix = ".weight";
  return weight.ends_with(kSuffix) ? weight.substr(0, weight.size() - kSuffix.size()) : std::string();
}

std::optional<LinearMap> as_map(const Node& node) {
  LinearMap map;
  if (const auto* linear = std::get_if<op::Linear>(&node.op))
    map = {linear->weight, !linear->bias.empty(), linear->in, linear->out, node.inputs[0]};
  else if (const auto* conv = std::get_if<op::Conv2d>(&node.op); conv && conv->is_linear())
    map = {conv->weight, !conv->bias.empty(), conv->in, conv->out, node.inputs[0]};
  if (scope_of(map.weight).empty() || map.in > kInMax) return std::nullopt;
  return map;
}

/// One map alone over `rows` rows.
Graph alone(const LinearMap& map, int64_t rows, bool int8) {
  Graph graph;
  const Value x = graph.input("x", Shape{1, rows, map.in});
  graph.output("y", graph.linear(x, Scope{scope_of(map.weight)}, map.out, map.bias));
  graph.compute_in_int8(int8 ? WeightSet{map.weight} : WeightSet{});
  return graph;
}

}  // namespace

std::vector<LinearMap> quantizable_maps(const Graph& graph) {
  std::vector<LinearMap> maps;
  WeightSet seen;
  for (const Node& node : graph.nodes()) {
    std::optional<LinearMap> map = as_map(node);
    if (map && graph.shape(map->operand).rank() > 2 && seen.insert(map->weight).second)
      maps.push_back(std::move(*map));
  }
  return maps;
}

LayerErrors::LayerErrors(Model& model, Graph graph)
    : model_(model),
      graph_(std::move(graph)),
      maps_(quantizable_maps(graph_)),
      alone_(maps_.size()),
      squares_(maps_.size()),
      squared_errors_(maps_.size()) {}

Result<LayerErrors> LayerErrors::make(Model& model, const BatchShape& shape) {
  LayerErrors errors(model, UnetBatch::describe(model, shape));
  for (size_t next = 0; next < errors.maps_.size();) TRY(errors.add_group(next));
  return errors;
}

Result<void> LayerErrors::add_group(size_t& next) {
  Group group;
  group.shapes.push_back(graph_.shape(graph_.outputs().front().value));
  Graph graph = graph_;
  std::map<int32_t, size_t> output_of;
  size_t bytes = 0;
  for (; next < maps_.size() && bytes < kGroupBytes; ++next) {
    const Value operand = maps_[next].operand;
    const auto [known, is_new] = output_of.emplace(operand.index, group.shapes.size());
    if (is_new) {
      graph.output(fmt::format("operand {}", operand.index), operand);
      group.shapes.push_back(graph_.shape(operand));
      bytes += static_cast<size_t>(group.shapes.back().count()) * sizeof(float);
    }
    group.members.push_back({next, known->second});
  }
  group.run = TRY(model_.unet_network().compile(graph));
  groups_.push_back(std::move(group));
  return {};
}

Result<void> LayerErrors::measure(const UnetBatch& batch) {
  for (const Group& group : groups_) {
    std::vector<std::vector<float>> values;
    std::vector<TensorView> outputs;
    for (const Shape& shape : group.shapes) {
      values.emplace_back(static_cast<size_t>(shape.count()));
      outputs.push_back({DType::f32, shape, values.back().data()});
    }
    TRY(model_.workspace().reserve(group.run->workspace_bytes()));
    group.run->run(batch.inputs(), outputs, model_.workspace());
    for (const Group::Member& member : group.members)
      TRY(compare(member.map, values[member.output].data(),
                  group.shapes[member.output].count() / maps_[member.map].in));
  }
  return {};
}

Result<void> LayerErrors::compare(size_t index, const float* values, int64_t rows) {
  const LinearMap& map = maps_[index];
  const Shape shape{1, rows, map.out};
  std::vector<float> results[2];
  for (const bool int8 : {false, true}) {
    std::unique_ptr<Executable>& run = alone_[index][int8];
    if (!run) run = TRY(model_.unet_network().compile(alone(map, rows, int8)));
    TRY(model_.workspace().reserve(run->workspace_bytes()));
    results[int8].resize(static_cast<size_t>(shape.count()));
    const ConstTensorView x(DType::f32, Shape{1, rows, map.in}, values);
    const TensorView y{DType::f32, shape, results[int8].data()};
    run->run({&x, 1}, {&y, 1}, model_.workspace());
  }
  for (size_t i = 0; i < results[0].size(); ++i) {
    const double exact = results[0][i], error = results[1][i] - exact;
    squares_[index] += exact * exact;
    squared_errors_[index] += error * error;
  }
  return {};
}

double LayerErrors::error(size_t index) const {
  return squares_[index] > 0 ? std::sqrt(squared_errors_[index] / squares_[index]) : 1;
}

}  // namespace limner
