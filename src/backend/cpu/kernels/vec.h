#pragma once
// A register of f32 lanes, by the vector extension that g++ and clang share: arithmetic, comparisons and ?:
// are the language's own, lane by lane. What it lacks (fused multiply-add, bf16, tails) is here.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "backend/cpu/kernels/isa.h"
#include "tensor/dtype.h"

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace limner::cpu::LIMNER_ISA {

#if defined(__AVX512F__)
inline constexpr int kLanes = 16;
#elif defined(__AVX2__)
inline constexpr int kLanes = 8;
#else
inline constexpr int kLanes = 4;
#endif

typedef float F __attribute__((vector_size(kLanes * 4)));
typedef int32_t I __attribute__((vector_size(kLanes * 4)));
typedef uint32_t U __attribute__((vector_size(kLanes * 4)));
typedef uint16_t H __attribute__((vector_size(kLanes * 2)));

inline F splat(float value) { return F{} + value; }
inline U bits(F x) { return reinterpret_cast<U>(x); }
inline F from_bits(U x) { return reinterpret_cast<F>(x); }

/// a * b + c, fused where the CPU can.
inline F fma(F a, F b, F c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#elif defined(__ARM_NEON)
  return vfmaq_f32(c, a, b);
#else
  return a * b + c;
#endif
}
inline F fma(F a, float b, float c) { return fma(a, splat(b), splat(c)); }
inline F fma(F a, F b, float c) { return fma(a, b, splat(c)); }

/// The nearest integer, ties to even.
inline I round_to_int(F x) {
#if defined(__AVX512F__)
  return reinterpret_cast<I>(_mm512_maskz_cvtps_epi32(0xffff, x));
#elif defined(__AVX2__)
  return reinterpret_cast<I>(_mm256_cvtps_epi32(x));
#elif defined(__SSE2__)
  return reinterpret_cast<I>(_mm_cvtps_epi32(x));
#elif defined(__ARM_NEON)
  return vcvtnq_s32_f32(x);
#else
  I rounded;
  for (int i = 0; i < kLanes; ++i) rounded[i] = static_cast<int32_t>(std::nearbyint(x[i]));
  return rounded;
#endif
}

/// The greater one; b where either is NaN.
inline F max(F a, F b) { return a > b ? a : b; }
/// x, or `limit` where x is beyond it. NaN stays.
inline F at_most(F x, float limit) { return splat(limit) < x ? splat(limit) : x; }
inline F at_least(F x, float limit) { return splat(limit) > x ? splat(limit) : x; }
inline F abs(F x) { return from_bits(bits(x) & 0x7fffffffu); }
/// |x| with the sign of `sign`; x must not be negative.
inline F with_sign(F x, F sign) { return from_bits(bits(x) | (bits(sign) & 0x80000000u)); }

/// How many lanes a load or store touches: all of them, or the first `count` at the end of a row.
struct Full {};
struct Part {
  int count;
};

inline F load(const float* p, Full = {}) {
  F x;
  std::memcpy(&x, p, sizeof x);
  return x;
}
inline void store(float* p, F x, Full = {}) { std::memcpy(p, &x, sizeof x); }

inline F widen(H x) {
  // Spelt out where g++ 12 makes two halves and an insertion of __builtin_convertvector.
#if defined(__AVX512F__)
  const U wide = reinterpret_cast<U>(_mm512_maskz_cvtepu16_epi32(0xffff, reinterpret_cast<__m256i>(x)));
#elif defined(__AVX2__)
  const U wide = reinterpret_cast<U>(_mm256_cvtepu16_epi32(reinterpret_cast<__m128i>(x)));
#else
  const U wide = __builtin_convertvector(x, U);
#endif
  return from_bits(wide << 16);
}
/// Nearest, ties to even; NaN stays NaN.
inline H narrow(F x) {
#if defined(__AVX512BF16__)
  return reinterpret_cast<H>(_mm512_cvtneps_pbh(x));
#else
  const U u = bits(x);
  const U rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  const auto is_number = x == x;  // NOLINT(misc-redundant-expression): false for NaN
  return __builtin_convertvector(is_number ? rounded : ((u >> 16) | 0x40u), H);
#endif
}
inline F load(const Bf16* p, Full = {}) {
  H x;
  std::memcpy(&x, p, sizeof x);
  return widen(x);
}
inline void store(Bf16* p, F x, Full = {}) {
  const H h = narrow(x);
  std::memcpy(&p->bits, &h, sizeof h);
}

/// The first `count` lanes of x; the others are `rest`.
inline F first_lanes(F x, int64_t count, float rest) {
  I number{};
  for (int i = 0; i < kLanes; ++i) number[i] = i;
  return number < I{} + static_cast<int32_t>(count) ? x : splat(rest);
}

// Parts: missing lanes are loaded as zero and not stored.
#if defined(__AVX512F__)
inline F load(const float* p, Part part) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << part.count) - 1), p);
}
inline F load(const Bf16* p, Part part) {
  return widen(
      reinterpret_cast<H>(_mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << part.count) - 1), p)));
}
inline void store(float* p, F x, Part part) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << part.count) - 1), x);
}
inline void store(Bf16* p, F x, Part part) {
  _mm256_mask_storeu_epi16(p, static_cast<__mmask16>((1u << part.count) - 1),
                           reinterpret_cast<__m256i>(narrow(x)));
}
#else
template <class T>
inline F load(const T* p, Part part) {
  T lanes[kLanes] = {};
  std::memcpy(static_cast<void*>(lanes), p, static_cast<size_t>(part.count) * sizeof(T));
  return load(lanes);
}
template <class T>
inline void store(T* p, F x, Part part) {
  T lanes[kLanes];
  store(lanes, x);
  std::memcpy(static_cast<void*>(p), lanes, static_cast<size_t>(part.count) * sizeof(T));
}
#endif

/// body(i, Full{}) for every whole register of `count` values, then body(i, Part{rest}) for what is left.
/// Every value passes through the same instructions either way, so a result does not depend on where in a row
/// it stands.
template <class Body>
inline void for_lanes(int64_t count, Body body) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) body(i, Full{});
  if (i < count) body(i, Part{static_cast<int>(count - i)});
}

template <int kBy, int... kLane>
inline F rotate(F x, std::integer_sequence<int, kLane...>) {
  return __builtin_shufflevector(x, x, ((kLane + kBy) % kLanes)...);
}
/// The halves of a and b, blocks of 2 kHalf lanes at a time: those that come first, or second.
template <int kHalf, bool kSecond, int... kLane>
inline F halves(F a, F b, std::integer_sequence<int, kLane...>) {
  return __builtin_shufflevector(a, b,
                                 (kLane / (2 * kHalf) * 2 * kHalf + kLane % kHalf + (kSecond ? kHalf : 0) +
                                  (kLane / kHalf % 2 == 1 ? kLanes : 0))...);
}
template <int kHalf>
inline F first_halves(F a, F b) {
  return halves<kHalf, false>(a, b, std::make_integer_sequence<int, kLanes>{});
}
template <int kHalf>
inline F second_halves(F a, F b) {
  return halves<kHalf, true>(a, b, std::make_integer_sequence<int, kLanes>{});
}

/// Lane i of rows[j] becomes lane j of rows[i].
template <int kHalf = kLanes / 2>
inline void transpose(F (&rows)[kLanes]) {
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) {
    if (i / kHalf % 2 == 1) continue;
    const F a = rows[i], b = rows[i + kHalf];
    rows[i] = first_halves<kHalf>(a, b);
    rows[i + kHalf] = second_halves<kHalf>(a, b);
  }
  if constexpr (kHalf > 1) transpose<kHalf / 2>(rows);
}

/// Lane i is the greatest of rows[i], of which there are kRows, a power of two.
template <int kRows, int kHalf = kLanes / 2>
inline F max_of_each(F (&rows)[kRows]) {
  if constexpr (kRows > kHalf) {
#pragma GCC unroll 8
    for (int i = 0; i < kHalf; ++i)
      rows[i] =
          max(first_halves<kHalf>(rows[i], rows[i + kHalf]), second_halves<kHalf>(rows[i], rows[i + kHalf]));
  } else {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) rows[i] = max(rows[i], second_halves<kHalf>(rows[i], rows[i]));
  }
  if constexpr (kHalf > 1)
    return max_of_each<kRows, kHalf / 2>(rows);
  else
    return rows[0];
}

/// Half with half until one is left.
inline float sum_lanes(F x) {
  constexpr std::make_integer_sequence<int, kLanes> kAll{};
  if constexpr (kLanes > 8) x += rotate<8>(x, kAll);
  if constexpr (kLanes > 4) x += rotate<4>(x, kAll);
  x += rotate<2>(x, kAll);
  x += rotate<1>(x, kAll);
  return x[0];
}

}  // namespace limner::cpu::LIMNER_ISA
