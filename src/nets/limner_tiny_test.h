#pragma once
// limner-tiny's files, for the tests of the networks.

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "graph/graph.h"
#include "tensor/component_files.h"

namespace limner::test {

inline std::filesystem::path limner_tiny(std::string_view component) {
  return std::filesystem::path(LIMNER_SOURCE_DIR) / "models/limner-tiny" / component;
}

inline Json limner_tiny_config(std::string_view component) {
  auto text = read_file(limner_tiny(component) / "config.json", 1 << 20);
  if (!text) throw std::runtime_error(text.error().text());
  auto json = parse_json(text.value(), component);
  if (!json) throw std::runtime_error(json.error().text());
  return json.value();
}

/// The names of a component's weights, sorted.
inline std::vector<std::string> limner_tiny_names(std::string_view component) {
  auto weights = open_component(limner_tiny(component));
  if (!weights) throw std::runtime_error(weights.error().text());
  return weights.value()->names();
}

/// The names that a graph reads, sorted.
inline std::vector<std::string> weight_names(const Graph& graph) {
  std::vector<std::string> names;
  for (const Graph::WeightUse& use : graph.weights()) names.push_back(use.name);
  std::sort(names.begin(), names.end());
  return names;
}

/// How many numbers those weights are.
inline int64_t parameter_count(const Graph& graph) {
  int64_t count = 0;
  for (const Graph::WeightUse& use : graph.weights()) count += use.shape.count();
  return count;
}

/// Names and shapes of a graph's inputs: "sample [1, 8, 8, 4]".
inline std::vector<std::string> input_texts(const Graph& graph) {
  std::vector<std::string> texts;
  for (const Node& node : graph.nodes()) {
    if (const auto* input = std::get_if<op::Input>(&node.op))
      texts.push_back(input->name + " " + node.shape.text());
  }
  return texts;
}

inline std::vector<std::string> output_texts(const Graph& graph) {
  std::vector<std::string> texts;
  for (const GraphOutput& output : graph.outputs())
    texts.push_back(output.name + " " + graph.shape(output.value).text());
  return texts;
}

inline Json json_of(std::string_view text) { return Json::parse(text); }

}  // namespace limner::test
