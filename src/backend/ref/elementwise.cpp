#include <cmath>
#include <numbers>

#include "backend/ref/compute.h"
#include "base/check.h"

namespace limner::ref {
namespace {

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double gelu(double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); }
double gelu_tanh(double x) {
  const double inner = std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1.0 + std::tanh(inner));
}

double activate(op::Activation kind, double parameter, double x) {
  switch (kind) {
    case op::Activation::silu:
      return x * sigmoid(x);
    case op::Activation::gelu:
      return gelu(x);
    case op::Activation::gelu_tanh:
      return gelu_tanh(x);
    case op::Activation::quick_gelu:
      return x * sigmoid(1.702 * x);
    case op::Activation::relu:
      return x > 0 ? x : 0;
    case op::Activation::leaky_relu:
      return x > 0 ? x : parameter * x;
    case op::Activation::tanh:
      return std::tanh(x);
    case op::Activation::sigmoid:
      return sigmoid(x);
    case op::Activation::soft_clip:
      return parameter * std::tanh(x / parameter);
  }
  LIMNER_CHECK(false, "a known activation");
}

/// Where the element `index` of a tensor shaped `a` is found in `b`, right-aligned and repeated along axes of
/// one.
int64_t broadcast_index(const Shape& a, const Shape& b, int64_t index) {
  int64_t at = 0;
  int64_t stride = 1;
  const size_t lead = a.rank() - b.rank();
  for (size_t axis = a.rank(); axis-- > lead;) {
    const int64_t position = index % a[axis];
    index /= a[axis];
    if (b[axis - lead] != 1) at += position * stride;
    stride *= b[axis - lead];
  }
  return at;
}

template <class Combine>
void binary(const Call& call, Combine combine) {
  for (int64_t i = 0; i < call.out.shape.count(); ++i) {
    const int64_t j = broadcast_index(call.in_shape(0), call.in_shape(1), i);
    call.out.f32()[i] = combine(call.in(0)[i], call.in(1)[j]);
  }
}

}  // namespace

void compute(const op::Unary& op, const Call& call) {
  for (int64_t i = 0; i < call.out.shape.count(); ++i) {
    call.out.f32()[i] = static_cast<float>(activate(op.kind, op.parameter, call.in(0)[i]));
  }
}

void compute(const op::PRelu&, const Call& call) {
  for (int64_t i = 0; i < call.out.shape.count(); ++i) {
    const float x = call.in(0)[i];
    call.out.f32()[i] = x > 0 ? x : call.weights[0][i % call.out.shape.back()] * x;
  }
}

void compute(const op::Geglu&, const Call& call) {
  const int64_t width = call.out.shape.back();
  for (int64_t i = 0; i < call.out.shape.count(); ++i) {
    const float* pair = call.in(0) + i / width * 2 * width + i % width;
    call.out.f32()[i] = static_cast<float>(pair[0] * gelu(pair[width]));
  }
}

void compute(const op::Add&, const Call& call) {
  binary(call, [](float a, float b) { return a + b; });
}

void compute(const op::Mul&, const Call& call) {
  binary(call, [](float a, float b) { return a * b; });
}

void compute(const op::Affine& op, const Call& call) {
  for (int64_t i = 0; i < call.out.shape.count(); ++i) {
    call.out.f32()[i] = static_cast<float>(static_cast<double>(call.in(0)[i]) * op.factor + op.offset);
  }
}

}  // namespace limner::ref
