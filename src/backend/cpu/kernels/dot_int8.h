#pragma once
// The arithmetic of products in 8 bits: one step adds kDepth products to every lane's sum.
//
// With VNNI a step is vpdpbusd: four unsigned bytes of a row times four signed ones of a weight. Rows are
// stored with 128 added, and every sum starts at -128 times the sum of its weight's codes. The same scheme in
// plain arithmetic serves where there is no better one. Without VNNI a step is vpmaddwd: pairs of 16 bits,
// which cannot overflow; vpmaddubsw would take twice as many, but saturates. With AMX, tdpbssd
// multiplies whole tiles of signed bytes.

#include "backend/cpu/kernels/vec.h"
#if defined(__AMX_INT8__)
#include "backend/cpu/kernels/tiles.h"
#endif

namespace limner::cpu::LIMNER_ISA {

#if defined(__AMX_INT8__)

struct DotInt8 {
  using Code = int8_t;
  using WeightStep = uint32_t;
  static constexpr int kDepth = 4;
  static constexpr int kSteps =
      kTileSteps;  ///< rows and weights are filled up to multiples of this many steps
  static constexpr int32_t kOffset = 0;
  static constexpr int kRows = 2 * kTileRows;
  using Scope = TileScope;  ///< what a thread holds while it multiplies
};

#elif defined(__AVX2__) && !defined(__AVX512VNNI__)

struct DotInt8 {
  using Code = int16_t;         ///< a value of a row
  using WeightStep = uint16_t;  ///< kDepth codes of a weight
  static constexpr int kDepth = 2;
  static constexpr int kSteps = 1;
  static constexpr int32_t kOffset = 0;  ///< added to every code of a row
#if defined(__AVX512F__)
  static constexpr int kRows = 8;        // 8 x 3 sums of 32 registers
#else
  static constexpr int kRows = 3;  // 3 x 3 of 16, beside weights, a row's pair and a product
#endif
  struct Scope {};

  /// kDepth codes of kLanes weights.
  static I load_step(const WeightStep* weights) {
#if defined(__AVX512F__)
    return reinterpret_cast<I>(
        _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights))));
#else
    return reinterpret_cast<I>(
        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(weights))));
#endif
  }
  static I add_products(I sum, I row, I weights) {
#if defined(__AVX512F__)
    return sum + reinterpret_cast<I>(
                     _mm512_madd_epi16(reinterpret_cast<__m512i>(row), reinterpret_cast<__m512i>(weights)));
#else
    return sum + reinterpret_cast<I>(
                     _mm256_madd_epi16(reinterpret_cast<__m256i>(row), reinterpret_cast<__m256i>(weights)));
#endif
  }
};

#else

struct DotInt8 {
  using Code = uint8_t;
  using WeightStep = uint32_t;
  static constexpr int kDepth = 4;
  static constexpr int kSteps = 1;
  static constexpr int32_t kOffset = 128;
#if defined(__AVX512F__)
  static constexpr int kRows = 8;
#else
  static constexpr int kRows = 4;
#endif
  struct Scope {};

  static I load_step(const WeightStep* weights) {
    I step;
    std::memcpy(&step, weights, sizeof step);
    return step;
  }
  static I add_products(I sum, I row, I weights) {
#if defined(__AVX512VNNI__)
    return reinterpret_cast<I>(_mm512_dpbusd_epi32(
        reinterpret_cast<__m512i>(sum), reinterpret_cast<__m512i>(row), reinterpret_cast<__m512i>(weights)));
#else
    for (int byte = 0; byte < kDepth; ++byte) {
      const U unsigned_code = (reinterpret_cast<U>(row) >> (8 * byte)) & 0xffu;
      const U at_top = reinterpret_cast<U>(weights) << (24 - 8 * byte);
      sum += reinterpret_cast<I>(unsigned_code) * (reinterpret_cast<I>(at_top) >> 24);
    }
    return sum;
#endif
  }
};

#endif

}  // namespace limner::cpu::LIMNER_ISA
