#pragma once
// One overload an operator: the steps that compute it.

#include "backend/cpu/lowering.h"

namespace limner::cpu {

void lower(const op::Constant&, Lowering&);
void lower(const op::Linear&, Lowering&);
void lower(const op::Conv2d&, Lowering&);
void lower(const op::GroupNorm&, Lowering&);
void lower(const op::LayerNorm&, Lowering&);
void lower(const op::Attention&, Lowering&);
void lower(const op::Unary&, Lowering&);
void lower(const op::PRelu&, Lowering&);
void lower(const op::Geglu&, Lowering&);
void lower(const op::Add&, Lowering&);
void lower(const op::Mul&, Lowering&);
void lower(const op::Affine&, Lowering&);
void lower(const op::Concat&, Lowering&);
void lower(const op::Slice&, Lowering&);
void lower(const op::UpsampleNearest&, Lowering&);
void lower(const op::PixelShuffle&, Lowering&);
void lower(const op::PixelUnshuffle&, Lowering&);
void lower(const op::Embedding&, Lowering&);
void lower(const op::SinusoidEmbedding&, Lowering&);
void lower(const op::TakeRow&, Lowering&);
/// Inputs and reshapes are no steps: the first are the caller's memory, the second another name for the same.
inline void lower(const op::Input&, Lowering&) {}
inline void lower(const op::Reshape&, Lowering&) {}

/// Whether the convolution is done by Winograd's method: says nothing of the picture's size, so that graphs
/// of all sizes share one form of the weight.
bool suits_winograd(const op::Conv2d& op, Precision precision, const Tools& tools);

/// Calls `make` with a value of the type that activations have: float or Bf16.
template <class Make>
void for_type(DType type, Make make) {
  if (type == DType::bf16) {
    make(Bf16{});
  } else {
    make(float{});
  }
}

}  // namespace limner::cpu
