#pragma once
// The arithmetic of attention with AMX. A tile is 16 rows of 64 bytes; tdpbf16ps adds the products of 16 rows
// and 32 steps in depth with as many steps of 16 columns, as tiles read them from where DotBf16's operands
// lie. Tiles want whole lines: one that crosses their borders is read seven times as slowly.

#include "backend/cpu/kernels/dot_bf16.h"
#include "backend/cpu/kernels/tiles.h"

namespace limner::cpu::LIMNER_ISA {

struct DotAmx : DotBf16 {
  static constexpr int kSteps = kTileSteps;
  static constexpr int kRows = 2 * kTileRows;  // 2 x 3 tiles of sums, one of rows, one of columns
  static constexpr int kVectors = 2;
  static constexpr bool kHasHalves = false;
  using Scope = TileScope;

  /// All addresses and strides are whole lines, and depth is a multiple of kSteps.
  template <int N>
  static void multiply(const uint32_t* a, int64_t a_stride, const uint32_t* b, int64_t depth, float* c,
                       int64_t c_stride, bool accumulate) {
    if (accumulate) {
      load_sums<N>(c, c_stride);
    } else {
      clear_sums<N>();
    }
    add_products<TileProduct::bf16, N>(a, a_stride, b, depth);
    store_sums<N>(c, c_stride);
  }
};

}  // namespace limner::cpu::LIMNER_ISA
