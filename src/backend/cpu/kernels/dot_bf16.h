#pragma once
// The arithmetic of attention in bf16 with f32 sums: vdpbf16ps multiplies pairs. Same interface as DotF32.

#include "backend/cpu/kernels/vec_rough.h"

namespace limner::cpu::LIMNER_ISA {

struct DotBf16 {
  using Packed = uint32_t;  ///< two neighbours in depth, the first in the low half
  static constexpr int kDepth = 2;
  static constexpr int kSteps = 1;
  static constexpr int kRows = 8;
  static constexpr int kVectors = 3;
  static constexpr bool kHasHalves = true;  ///< multiply_half() is there
  struct Scope {};

  static F load_steps(const Bf16* x, int64_t count) {
    if (count <= 0) return F{};
    const int64_t there = std::min<int64_t>(count, kDepth * kLanes);
    const auto mask = static_cast<__mmask32>((uint64_t{1} << there) - 1);
    return reinterpret_cast<F>(_mm512_maskz_loadu_epi16(mask, x));
  }
  template <class Lanes>
  static F load_across(const Bf16* x, int64_t stride, int64_t count, Lanes lanes) {
    const U first = count > 0 ? bits(load(x, lanes)) >> 16 : U{};
    return from_bits(count > 1 ? first | bits(load(x + stride, lanes)) : first);
  }
  static void pack_row(const Bf16* x, int64_t count, Packed* out) {
    if (count % kDepth != 0) out[count / kDepth] = 0;
    std::memcpy(out, x, static_cast<size_t>(count) * sizeof(Bf16));
  }

  template <int N>
  static void multiply(const uint32_t* a, int64_t a_stride, const uint32_t* b, int64_t depth, float* c,
                       int64_t c_stride, bool accumulate) {
    __m512 sum[kRows][N];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int n = 0; n < N; ++n) {
        sum[r][n] = accumulate ? _mm512_loadu_ps(c + r * c_stride + n * kLanes) : _mm512_setzero_ps();
      }
    }
    for (int64_t k = 0; k < depth; ++k, b += N * kLanes) {
      __m512bh column[N];
#pragma GCC unroll 3
      for (int n = 0; n < N; ++n) column[n] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + n * kLanes));
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const auto pair =
            reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(a[r * a_stride + k])));
#pragma GCC unroll 3
        for (int n = 0; n < N; ++n) sum[r][n] = _mm512_dpbf16_ps(sum[r][n], pair, column[n]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int n = 0; n < N; ++n) _mm512_storeu_ps(c + r * c_stride + n * kLanes, sum[r][n]);
    }
  }

  /// multiply() without the last half register of columns, which is left as it is: less work on CPUs that
  /// take one in two halves.
  template <int N>
  static void multiply_half(const uint32_t* a, int64_t a_stride, const uint32_t* b, int64_t depth, float* c,
                            int64_t c_stride, bool accumulate) {
    constexpr int kWhole = N - 1;
    __m512 sum[kRows][kWhole > 0 ? kWhole : 1];
    __m256 last[kRows];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int n = 0; n < kWhole; ++n)
        sum[r][n] = accumulate ? _mm512_loadu_ps(c + r * c_stride + n * kLanes) : _mm512_setzero_ps();
      last[r] = accumulate ? _mm256_loadu_ps(c + r * c_stride + kWhole * kLanes) : _mm256_setzero_ps();
    }
    for (int64_t k = 0; k < depth; ++k, b += N * kLanes) {
      __m512bh column[kWhole > 0 ? kWhole : 1];
#pragma GCC unroll 3
      for (int n = 0; n < kWhole; ++n)
        column[n] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + n * kLanes));
      const auto half = reinterpret_cast<__m256bh>(
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + kWhole * kLanes)));
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const __m512i pair = _mm512_set1_epi32(static_cast<int>(a[r * a_stride + k]));
#pragma GCC unroll 3
        for (int n = 0; n < kWhole; ++n)
          sum[r][n] = _mm512_dpbf16_ps(sum[r][n], reinterpret_cast<__m512bh>(pair), column[n]);
        last[r] = _mm256_dpbf16_ps(last[r], reinterpret_cast<__m256bh>(_mm512_castsi512_si256(pair)), half);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int n = 0; n < kWhole; ++n) _mm512_storeu_ps(c + r * c_stride + n * kLanes, sum[r][n]);
      _mm256_storeu_ps(c + r * c_stride + kWhole * kLanes, last[r]);
    }
  }

  static constexpr float kScoreUnit = 1.44269504f;  // the exponentials are powers of two
  static F exponential(F x) { return rough::exp2(x); }

  static void store_weights(F weights, int64_t key, Packed* row) {
    const H rounded = narrow(weights);
    std::memcpy(row + key / kDepth, &rounded, sizeof rounded);
  }
  static void store_weights(F first, F second, int64_t key, Packed* row) {
    const __m512bh rounded = _mm512_cvtne2ps_pbh(second, first);
    std::memcpy(row + key / kDepth, &rounded, sizeof rounded);
  }
};

}  // namespace limner::cpu::LIMNER_ISA
