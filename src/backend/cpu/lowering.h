#pragma once
// From a graph to a program. Lowering keeps the books (who is alive, which type a value has, what may be
// overwritten); the files in lower/ say for each operator which steps compute it.

#include <array>
#include <concepts>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backend/cpu/program.h"
#include "backend/cpu/tools.h"
#include "graph/fusion.h"
#include "graph/memory_plan.h"

namespace limner::cpu {

/// The program of `graph`. Deterministic; reads no weights.
Program lower(const Graph& graph, Precision precision, const Tools& tools);

/// Bytes of the weights of `graph` in the forms that its program reads, but for what packing adds to fill
/// blocks.
size_t packed_bytes(const Graph& graph, Precision precision, const Tools& tools);

/// A step made of one function of the frame.
template <std::invocable<const Frame&> Run>
class FunctionStep final : public Step {
 public:
  explicit FunctionStep(Run run) : run_(std::move(run)) {}
  void run(const Frame& frame) const override { run_(frame); }

 private:
  Run run_;
};

class Lowering {
 public:
  Lowering(const Graph& graph, Precision precision, const Tools& tools);
  Program run() &&;

  // What the lowering of an operator may ask. "The node" is the one being lowered.
  const Tools& tools() const { return tools_; }
  Precision precision() const { return precision_; }
  DType type() const { return type_; }
  size_t input_count() const { return node_->inputs.size(); }
  const Shape& in_shape(size_t index) const { return graph_.shape(node_->inputs[index]); }
  /// Of the result, folded parts included.
  const Shape& out_shape() const { return graph_.shape(fused_->result); }
  /// Of the node itself.
  const Shape& node_shape() const { return node_->shape; }
  const std::optional<op::Unary>& folded_activation() const { return fused_->activation; }

  /// The operand `index` in the internal type, or in `type`; converts it if nobody has yet.
  BufferId in(size_t index) { return in_as(index, type_); }
  BufferId in_as(size_t index, DType type);
  /// The operand's rows of `width` values in 8 bits, as Int8Kernels::quantize leaves them; quantises them if
  /// no reader has yet.
  BufferId in_codes(size_t index, int64_t width);
  /// A new buffer for the result.
  BufferId out() { return out_as(type_); }
  BufferId out_as(DType type);
  /// The operand's own buffer for the result if this is its last use, else a new one. Call after every in().
  BufferId out_over(size_t index);

  /// Where a matrix product writes: sums onto what is there when a residual was folded.
  struct Target {
    BufferId buffer;
    DType type;
    bool accumulate;
  };
  /// Straight into the caller's f32 output where the result is nothing else. Call after every in().
  Target product_target();

  /// Memory for one step only.
  BufferId scratch(size_t bytes);
  WeightId weight_f32(const std::string& name, Shape shape);
  WeightId weight_internal(const std::string& name, Shape shape);
  WeightId weight_packed(const std::string& name, Shape shape, const dnnl::memory::desc& stored,
                         const dnnl::memory::desc& wanted);
  WeightId weight_winograd(const std::string& name, Shape shape, bool compact);
  WeightId weight_int8(const std::string& name, Shape shape);

  /// Appends a step that reads or writes exactly `touched`.
  void emit(std::unique_ptr<Step> step, std::initializer_list<BufferId> touched);
  template <std::invocable<const Frame&> Run>
  void emit(Run run, std::initializer_list<BufferId> touched) {
    emit(std::make_unique<FunctionStep<Run>>(std::move(run)), touched);
  }

 private:
  /// A value (or several that reshapes make one): its buffers by type and how many nodes have yet to read it.
  struct Slot {
    std::array<std::optional<BufferId>, 3> buffers;  // by type_index()
    std::optional<BufferId> codes;                   ///< its rows of `codes_width` values in 8 bits
    int64_t codes_width = 0;
    int readers = 0;
    std::optional<size_t> sole_output;  ///< the caller's output it is, if it is one exactly once
  };
  static size_t type_index(DType type);

  void count_readers();
  void declare_inputs();
  void lower_node(const FusedNode& fused);
  void write_outputs();

  Slot& slot(Value value) { return slots_[static_cast<size_t>(root_[static_cast<size_t>(value.index)])]; }
  BufferId read(Value value, DType type);
  bool may_overwrite(Value value, DType type);
  void convert(BufferId from, DType from_type, BufferId to, DType to_type, int64_t count);
  BufferId new_buffer(size_t bytes, Place place = {});
  BufferId result_buffer(DType type, Place place = {});
  WeightId request(WeightRequest request);
  StepLabel next_label();

  const Graph& graph_;
  const Tools& tools_;
  Precision precision_;
  DType type_;
  std::vector<FusedNode> order_;
  std::vector<int32_t> root_;  ///< by value: itself, or through reshapes the value whose memory it is
  std::vector<Slot> slots_;    ///< by root
  std::vector<Lifetime> lifetimes_;
  Program program_;
  const FusedNode* fused_ = nullptr;
  const Node* node_ = nullptr;
  std::string_view helping_;  ///< what the steps being made do beside their node's work; empty: that work
};

}  // namespace limner::cpu
