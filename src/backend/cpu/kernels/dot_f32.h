#pragma once
// The arithmetic of attention in f32: the tile product and the exponentials of one row of scores.

#include "backend/cpu/kernels/vec_math.h"

namespace limner::cpu::LIMNER_ISA {

struct DotF32 {
  /// What one multiply-add takes from each operand.
  using Packed = float;
  static constexpr int kDepth = 1;  ///< values in a Packed
  static constexpr int kSteps = 1;  ///< multiply() takes multiples of this many Packed in depth
#if defined(__AVX512F__)
  static constexpr int kRows = 8;  // 8 x 3 accumulators of 32 registers
#else
  static constexpr int kRows = 4;  // 4 x 3 of 16
#endif
  static constexpr int kVectors = 3;
  static constexpr bool kHasHalves = false;
  /// What a thread holds while it multiplies.
  struct Scope {};

  /// kLanes neighbouring steps in depth; there are `count` values, and zeros beyond.
  template <class T>
  static F load_steps(const T* x, int64_t count) {
    if (count <= 0) return F{};
    return count < kLanes ? load(x, Part{static_cast<int>(count)}) : load(x);
  }
  /// A step in depth of neighbouring columns: x[column], x[stride + column], ..; `count` < kDepth: the rows
  /// beyond are zero.
  template <class T, class Lanes>
  static F load_across(const T* x, int64_t /*stride*/, int64_t count, Lanes lanes) {
    return count == 0 ? F{} : load(x, lanes);
  }
  /// A row of `count` neighbouring values.
  template <class T>
  static void pack_row(const T* x, int64_t count, Packed* out) {
    for_lanes(count, [=](int64_t i, auto lanes) { store(out + i, load(x + i, lanes), lanes); });
  }

  /// c [kRows, N * kLanes] (+)= a [kRows, depth] b [depth, N * kLanes]; b contiguous.
  template <int N>
  static void multiply(const float* a, int64_t a_stride, const float* b, int64_t depth, float* c,
                       int64_t c_stride, bool accumulate) {
    F sum[kRows][N];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int n = 0; n < N; ++n) sum[r][n] = accumulate ? load(c + r * c_stride + n * kLanes) : F{};
    }
    for (int64_t k = 0; k < depth; ++k, b += N * kLanes) {
      F column[N];
#pragma GCC unroll 3
      for (int n = 0; n < N; ++n) column[n] = load(b + n * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const F value = splat(a[r * a_stride + k]);
#pragma GCC unroll 3
        for (int n = 0; n < N; ++n) sum[r][n] = fma(value, column[n], sum[r][n]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int n = 0; n < N; ++n) store(c + r * c_stride + n * kLanes, sum[r][n]);
    }
  }

  /// Scores are scaled by this times AttentionShape::scale before exponential().
  static constexpr float kScoreUnit = 1;
  static F exponential(F x) { return exp(x); }

  /// Writes the weights of keys [key, key + kLanes) of a row.
  static void store_weights(F weights, int64_t key, Packed* row) { store(row + key, weights); }
  /// Two registers of neighbouring keys.
  static void store_weights(F first, F second, int64_t key, Packed* row) {
    store(row + key, first);
    store(row + key + kLanes, second);
  }
};

}  // namespace limner::cpu::LIMNER_ISA
