#pragma once
// Elementwise functions of one value, and the two that also look at a channel or a second half.

#include "backend/cpu/kernels/parallel.h"
#include "backend/cpu/kernels/vec_rough.h"
#include "graph/ops.h"

namespace limner::cpu::LIMNER_ISA {

template <class T, class Function>
inline void map(const T* x, T* out, int64_t count, Function function) {
  parallel_ranges(count, 1, [=](int64_t begin, int64_t end) {
    for_lanes(end - begin, [=](int64_t i, auto lanes) {
      store(out + begin + i, function(load(x + begin + i, lanes)), lanes);
    });
  });
}

/// x (1 + tanh(u)) / 2 = x sigmoid(2u).
template <class T>
inline F gelu_tanh(F x) {
  constexpr float kTwoSqrtTwoOverPi = 1.59576912f;
  return x * sigmoid_for<T>(kTwoSqrtTwoOverPi * fma(x * x * x, splat(0.044715f), x));
}

/// One operator of op::Activation. With a constant `kind` the choice costs nothing.
template <class T>
inline F activated(op::Activation kind, float parameter, F v) {
  switch (kind) {
    case op::Activation::silu:
      return silu_for<T>(v);
    case op::Activation::gelu:
      return gelu_for<T>(v);
    case op::Activation::gelu_tanh:
      return gelu_tanh<T>(v);
    case op::Activation::quick_gelu:
      return v * sigmoid_for<T>(1.702f * v);
    case op::Activation::relu:
      return at_least(v, 0.0f);
    case op::Activation::leaky_relu:
      return v < 0.0f ? v * parameter : v;
    case op::Activation::tanh:
      return tanh(v);
    case op::Activation::sigmoid:
      return sigmoid_for<T>(v);
    case op::Activation::soft_clip:
      return parameter * tanh(v / parameter);
  }
  return v;
}

template <class T, op::Activation kKind>
void map_activation(float parameter, const T* x, T* out, int64_t count) {
  map(x, out, count, [=](F v) { return activated<T>(kKind, parameter, v); });
}

template <class T>
void activation(op::Activation kind, float parameter, const T* x, T* out, int64_t count) {
  using enum op::Activation;
  switch (kind) {
    case silu:
      return map_activation<T, silu>(parameter, x, out, count);
    case gelu:
      return map_activation<T, gelu>(parameter, x, out, count);
    case op::Activation::gelu_tanh:
      return map_activation<T, op::Activation::gelu_tanh>(parameter, x, out, count);
    case quick_gelu:
      return map_activation<T, quick_gelu>(parameter, x, out, count);
    case relu:
      return map_activation<T, relu>(parameter, x, out, count);
    case leaky_relu:
      return map_activation<T, leaky_relu>(parameter, x, out, count);
    case op::Activation::tanh:
      return map_activation<T, op::Activation::tanh>(parameter, x, out, count);
    case sigmoid:
      return map_activation<T, sigmoid>(parameter, x, out, count);
    case soft_clip:
      return map_activation<T, soft_clip>(parameter, x, out, count);
  }
}

template <class T>
void affine(const T* x, float factor, float offset, T* out, int64_t count) {
  map(x, out, count, [=](F v) { return v * factor + offset; });
}

template <class T>
void prelu(const T* x, const float* slope, T* out, int64_t rows, int64_t channels) {
  parallel_ranges(rows, channels, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for_lanes(channels, [=](int64_t c, auto lanes) {
        const F v = load(x + row * channels + c, lanes);
        store(out + row * channels + c, v < 0.0f ? v * load(slope + c, lanes) : v, lanes);
      });
    }
  });
}

template <class T>
void geglu(const T* x, T* out, int64_t rows, int64_t channels) {
  parallel_ranges(rows, 2 * channels, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const T* value = x + row * 2 * channels;
      const T* gate = value + channels;
      for_lanes(channels, [=](int64_t c, auto lanes) {
        store(out + row * channels + c, load(value + c, lanes) * gelu_for<T>(load(gate + c, lanes)), lanes);
      });
    }
  });
}

}  // namespace limner::cpu::LIMNER_ISA
