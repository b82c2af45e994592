// The oracle: nodes in order, one buffer a value, nothing fused, nothing shared.

#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/finite_weight.h"
#include "backend/mapped_workspace.h"
#include "backend/ref/compute.h"
#include "base/check.h"
#include "graph/node_weights.h"
#include "graph/work.h"

namespace limner {
namespace {

class RefWeights final : public PackedWeights {
 public:
  explicit RefWeights(const WeightSource& source) : source_(source) {}

  size_t bytes() const override {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  Result<void> attach(const PackedPlace& place) override { return not_kept(place); }
  Result<void> keep(const PackedPlace& place) const override { return not_kept(place); }

  /// The weight as f32, converted at its first use; the pointer lives as long as this.
  Result<const float*> get(const Graph::WeightUse& use) {
    const std::lock_guard lock(mutex_);
    const Weight weight = TRY(get_finite(source_, use.name, use.shape));
    std::vector<float>& values = tensors_[use.name];
    if (values.empty()) {
      values.resize(static_cast<size_t>(use.shape.count()));
      convert_to_f32(weight.view.dtype, weight.view.data, values.size(), values.data());
      bytes_ += values.size() * sizeof(float);
    }
    return static_cast<const float*>(values.data());
  }

 private:
  static Error not_kept(const PackedPlace& place) {
    return unsupported(place.path.string(), "the reference keeps no packed weights");
  }

  const WeightSource& source_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<float>> tensors_;
  size_t bytes_ = 0;
};

/// Where each node's result and the list of each node's operands lie.
struct Layout {
  std::vector<size_t> offsets;
  size_t operands_offset = 0;
  size_t bytes = 0;
};

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

Layout lay_out(const Graph& graph) {
  Layout layout;
  size_t operands = 1;
  for (const Node& node : graph.nodes()) {
    layout.offsets.push_back(layout.bytes);
    layout.bytes += aligned(static_cast<size_t>(node.shape.count()) * sizeof(float));
    operands = std::max(operands, node.inputs.size());
  }
  layout.operands_offset = layout.bytes;
  layout.bytes += operands * sizeof(ConstTensorView);
  return layout;
}

bool holds_integers(const Node& node) {
  const auto* input = std::get_if<op::Input>(&node.op);
  return input != nullptr && input->integers;
}

class RefExecutable final : public Executable {
 public:
  RefExecutable(Graph graph, std::vector<std::array<const float*, 2>> weights)
      : graph_(std::move(graph)), weights_(std::move(weights)), layout_(lay_out(graph_)) {}

  size_t workspace_bytes() const override { return layout_.bytes; }

  void run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
           Workspace& workspace) const override {
    run_nodes(inputs, outputs, workspace, nullptr);
  }

  std::vector<StepTime> profile(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
                                Workspace& workspace) const override {
    std::vector<StepTime> times;
    run_nodes(inputs, outputs, workspace, &times);
    return times;
  }

 private:
  /// With a clock beside every node if `times` are wanted.
  void run_nodes(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
                 Workspace& workspace, std::vector<StepTime>* times) const {
    auto& memory = static_cast<MappedWorkspace&>(workspace);
    LIMNER_CHECK(memory.bytes() >= layout_.bytes, "the workspace is reserved");
    LIMNER_CHECK(outputs.size() == graph_.outputs().size(), "a tensor for every output");
    size_t next_input = 0;
    for (size_t i = 0; i < graph_.nodes().size(); ++i) {
      const auto began = std::chrono::steady_clock::now();
      next_input += run_node(i, inputs.subspan(next_input), memory.data());
      if (times == nullptr) continue;
      const double took =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
      const Node& node = graph_.nodes()[i];
      times->push_back({describe_work(graph_, node), operations(graph_, node), took, took});
    }
    LIMNER_CHECK(next_input == inputs.size(), "a tensor for every input");
    for (size_t i = 0; i < outputs.size(); ++i) {
      const auto index = static_cast<size_t>(graph_.outputs()[i].value.index);
      LIMNER_CHECK(outputs[i].shape == graph_.nodes()[index].shape, "an output of the declared shape");
      std::memcpy(outputs[i].f32(), memory.data() + layout_.offsets[index], outputs[i].bytes());
    }
  }

  TensorView result(size_t index, std::byte* base) const {
    const Node& node = graph_.nodes()[index];
    return TensorView{holds_integers(node) ? DType::i32 : DType::f32, node.shape,
                      base + layout_.offsets[index]};
  }

  /// Returns how many of the caller's inputs it took: one or none.
  size_t run_node(size_t index, std::span<const ConstTensorView> inputs, std::byte* base) const {
    const Node& node = graph_.nodes()[index];
    const bool is_input = std::holds_alternative<op::Input>(node.op);
    auto* operands = reinterpret_cast<ConstTensorView*>(base + layout_.operands_offset);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      operands[i] = result(static_cast<size_t>(node.inputs[i].index), base);
    }
    const TensorView out = result(index, base);
    if (is_input) {
      LIMNER_CHECK(!inputs.empty() && inputs[0].shape == out.shape && inputs[0].dtype == out.dtype,
                   "an input of the declared shape and type");
      operands[0] = inputs[0];
    }
    const ref::Call call{node, operands, node.inputs.size(), weights_[index], out};
    std::visit([&](const auto& op) { ref::compute(op, call); }, node.op);
    return is_input ? 1 : 0;
  }

  Graph graph_;
  std::vector<std::array<const float*, 2>> weights_;
  Layout layout_;
};

class RefBackend final : public Backend {
 public:
  std::string_view name() const override { return "ref"; }
  std::string description() const override { return "plain loops"; }
  bool supports(Precision precision) const override { return precision == Precision::f32; }
  std::unique_ptr<Workspace> make_workspace() const override { return std::make_unique<MappedWorkspace>(); }

  std::unique_ptr<PackedWeights> make_weights(const WeightSource& source,
                                              Precision precision) const override {
    LIMNER_CHECK(supports(precision), "the reference computes in f32");
    return std::make_unique<RefWeights>(source);
  }

  Result<std::unique_ptr<Executable>> compile(const Graph& graph, PackedWeights& weights) const override {
    std::vector<std::array<const float*, 2>> pointers;
    for (const Node& node : graph.nodes()) {
      auto& pair = pointers.emplace_back();
      size_t at = 0;
      for (const Graph::WeightUse& use : node_weights(node))
        pair[at++] = TRY(static_cast<RefWeights&>(weights).get(use));
    }
    return std::unique_ptr<Executable>(std::make_unique<RefExecutable>(graph, std::move(pointers)));
  }

  size_t plan_bytes(const Graph& graph, Precision) const override { return lay_out(graph).bytes; }
  size_t plan_weight_bytes(const Graph& graph, Precision) const override {
    size_t bytes = 0;
    for (const Graph::WeightUse& use : graph.weights())
      bytes += static_cast<size_t>(use.shape.count()) * sizeof(float);
    return bytes;
  }
};

}  // namespace

std::unique_ptr<Backend> make_ref_backend() { return std::make_unique<RefBackend>(); }

}  // namespace limner
