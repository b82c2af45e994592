#pragma once
// Every operator as its formula, in plain loops: f32 values, double sums. Slow and simple on purpose: this is
// what the other backends are compared with.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "tensor/view.h"

namespace limner::ref {

/// One node at one run.
struct Call {
  const Node& node;
  const ConstTensorView* inputs;
  size_t input_count;
  std::array<const float*, 2> weights;  ///< weight and bias; null where the operator has none
  TensorView out;

  const float* in(size_t index) const { return inputs[index].f32(); }
  const Shape& in_shape(size_t index) const { return inputs[index].shape; }
  /// Elements before the last axis.
  int64_t rows(size_t index) const { return in_shape(index).count() / in_shape(index).back(); }
};

void compute(const op::Input&, const Call&);
void compute(const op::Constant&, const Call&);
void compute(const op::Linear&, const Call&);
/// Rows of `in` values of the operand times a weight of [out, in] in 8 bits, as op::Linear says.
void compute_int8(int64_t in, int64_t out, const Call& call);
void compute(const op::Conv2d&, const Call&);
void compute(const op::GroupNorm&, const Call&);
void compute(const op::LayerNorm&, const Call&);
void compute(const op::Attention&, const Call&);
void compute(const op::Unary&, const Call&);
void compute(const op::PRelu&, const Call&);
void compute(const op::Geglu&, const Call&);
void compute(const op::Add&, const Call&);
void compute(const op::Mul&, const Call&);
void compute(const op::Affine&, const Call&);
void compute(const op::Concat&, const Call&);
void compute(const op::Slice&, const Call&);
void compute(const op::UpsampleNearest&, const Call&);
void compute(const op::PixelShuffle&, const Call&);
void compute(const op::PixelUnshuffle&, const Call&);
void compute(const op::Embedding&, const Call&);
void compute(const op::SinusoidEmbedding&, const Call&);
void compute(const op::TakeRow&, const Call&);
void compute(const op::Reshape&, const Call&);

}  // namespace limner::ref
