#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "backend/conformance.h"
#include "base/check.h"

namespace limner::conformance {
namespace {

float rounded(double value) { return to_f32(to_bf16(static_cast<float>(value))); }

uint32_t seed_of(std::string_view text) {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  return hash;
}

/// Uniform numbers of mean 0 and variance 1. Knuth's linear congruence: fast, and more than random enough.
class Uniform {
 public:
  explicit Uniform(uint32_t seed) : state_(seed * 2654435761ull + 1) {}
  double next() {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return (static_cast<double>(state_ >> 40) * 0x1p-24 - 0.5) * std::sqrt(12.0);
  }
  int32_t below(int32_t bound) { return static_cast<int32_t>((next() / std::sqrt(12.0) + 0.5) * bound); }

 private:
  uint64_t state_;
};

/// Every linear map of the graph in 8 bits.
void use_int8(Graph& graph) {
  std::set<std::string, std::less<>> weights;
  for (const Graph::WeightUse& use : graph.weights()) weights.insert(use.name);
  graph.compute_in_int8(weights);
}

}  // namespace

Graph Case::graph(int64_t batch) const {
  Graph graph(options);
  describe(graph, batch);
  if (int8) use_int8(graph);
  return graph;
}

double Case::tolerance(Precision precision) const {
  // f32: a few hundred roundings of 2^-24, in another order.
  if (precision == Precision::f32) return std::max(1e-5, tolerance_int8);
  const double least = std::max(tolerance_bf16, tolerance_int8);
  return precision == Precision::bf16 ? std::max(least, tolerance_winograd) : least;
}

Result<Weight> RandomWeights::get(std::string_view name, const Shape& expected) const {
  const bool is_vector = expected.rank() == 1;
  const double fan_in = is_vector ? 0 : static_cast<double>(expected.count() / expected[0]);
  const double spread = is_vector ? 0.1 : 1.0 / std::sqrt(fan_in);
  const double centre = is_vector && name.ends_with("weight") ? 1.0 : 0.0;
  Uniform random(seed_of(name));
  auto values = std::make_shared<std::vector<float>>(static_cast<size_t>(expected.count()));
  for (float& value : *values) value = rounded(centre + spread * random.next());
  return Weight{ConstTensorView(DType::f32, expected, values->data()), values};
}

Result<Shape> RandomWeights::shape_of(std::string_view name) const {
  return not_found(std::string(name), "random weights have whatever shape is asked for");
}

std::vector<Tensor> random_inputs(const Graph& graph, uint32_t first_row) {
  std::vector<Tensor> inputs;
  for (const Node& node : graph.nodes()) {
    const auto* input = std::get_if<op::Input>(&node.op);
    if (input == nullptr) continue;
    Tensor& values = inputs.emplace_back();
    const int64_t row_count = node.shape.count() / node.shape[0];
    for (int64_t row = 0; row < node.shape[0]; ++row) {
      Uniform random(seed_of(input->name) + first_row + static_cast<uint32_t>(row));
      for (int64_t i = 0; i < row_count; ++i) {
        values.push_back(input->integers ? std::bit_cast<float>(random.below(7)) : rounded(random.next()));
      }
    }
  }
  return inputs;
}

Compiled::Compiled(const Backend& backend, Precision precision, const Graph& graph)
    : graph_(graph),
      weights_(backend.make_weights(source_, precision)),
      workspace_(backend.make_workspace()) {
  auto compiled = backend.compile(graph_, *weights_);
  LIMNER_CHECK(compiled.has_value(), "the case compiles");
  executable_ = std::move(compiled).value();
  LIMNER_CHECK(workspace_->reserve(executable_->workspace_bytes()).has_value(), "there is memory for a test");
}

std::vector<Tensor> Compiled::run(const std::vector<Tensor>& inputs) {
  std::vector<ConstTensorView> given;
  for (const Node& node : graph_.nodes()) {
    const auto* input = std::get_if<op::Input>(&node.op);
    if (input == nullptr) continue;
    given.emplace_back(input->integers ? DType::i32 : DType::f32, node.shape, inputs[given.size()].data());
  }
  std::vector<Tensor> results;
  std::vector<TensorView> wanted;
  for (const GraphOutput& output : graph_.outputs()) {
    const Shape& shape = graph_.shape(output.value);
    results.emplace_back(static_cast<size_t>(shape.count()));
    wanted.push_back(TensorView{DType::f32, shape, results.back().data()});
  }
  executable_->run(given, wanted, *workspace_);
  return results;
}

double difference(const Tensor& actual, const Tensor& expected) {
  const double squares = std::inner_product(expected.begin(), expected.end(), expected.begin(), 0.0);
  const double rms = std::sqrt(squares / static_cast<double>(expected.size()));
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!std::isfinite(actual[i])) return std::numeric_limits<double>::infinity();
    const double gap = std::abs(static_cast<double>(actual[i]) - expected[i]);
    if (gap > 0) worst = std::max(worst, gap / (std::abs(static_cast<double>(expected[i])) + rms));
  }
  return worst;
}

}  // namespace limner::conformance
