#pragma once
// AMX's tiles as 2 x N sums of 16 rows by 16 columns. Written in assembly: g++'s own names for these
// instructions take no template's argument for a tile's number, and do not say that a load reads memory, so
// that stores before it might come after it.

#include <cstdint>

#include "backend/cpu/kernels/isa.h"

namespace limner::cpu::LIMNER_ISA {

inline constexpr int kTileRows = 16;
inline constexpr int kTileSteps = 16;  ///< of 32 bits in a row

/// Every tile is a whole one.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);

/// The calling thread's tiles, for as long as this lives. Their shapes are the thread's and oneDNN sets its
/// own, so every parallel region that multiplies makes one on each of its threads.
class TileScope {
 public:
  TileScope() {
    static constexpr TileConfig kConfig;
    asm volatile("ldtilecfg %0" : : "m"(kConfig));
  }
  /// A thread that holds none is cheaper to switch away from.
  ~TileScope() { asm volatile("tilerelease"); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

template <int kTile>
inline void load_tile(const void* from, int64_t row_bytes) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(row_bytes), "i"(kTile) : "memory");
}
template <int kTile>
inline void store_tile(void* to, int64_t row_bytes) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(row_bytes), "i"(kTile) : "memory");
}
template <int kTile>
inline void clear_tile() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
}

inline constexpr int kRowTile = 6, kColumnTile = 7;  ///< the others are sums: 3 * row + column

enum class TileProduct {
  bf16,   ///< pairs of bf16, sums in f32
  bytes,  ///< four signed bytes, sums in 32 bits
};
template <TileProduct kProduct, int kSum>
inline void add_product() {
  if constexpr (kProduct == TileProduct::bf16) {
    asm volatile("tdpbf16ps %%tmm%c0, %%tmm%c1, %%tmm%c2" : : "i"(kColumnTile), "i"(kRowTile), "i"(kSum));
  } else {
    asm volatile("tdpbssd %%tmm%c0, %%tmm%c1, %%tmm%c2" : : "i"(kColumnTile), "i"(kRowTile), "i"(kSum));
  }
}

template <int N>
inline void clear_sums() {
  clear_tile<0>();
  clear_tile<3>();
  if constexpr (N > 1) clear_tile<1>(), clear_tile<4>();
  if constexpr (N > 2) clear_tile<2>(), clear_tile<5>();
}

/// sums = c [32, N * 16], 32-bit values.
template <int N, class Value>
inline void load_sums(const Value* c, int64_t stride) {
  const int64_t bytes = stride * int64_t{sizeof(Value)};
  const Value* below = c + kTileRows * stride;
  load_tile<0>(c, bytes);
  load_tile<3>(below, bytes);
  if constexpr (N > 1) load_tile<1>(c + 16, bytes), load_tile<4>(below + 16, bytes);
  if constexpr (N > 2) load_tile<2>(c + 32, bytes), load_tile<5>(below + 32, bytes);
}

/// c [32, N * 16] = sums.
template <int N, class Value>
inline void store_sums(Value* c, int64_t stride) {
  const int64_t bytes = stride * int64_t{sizeof(Value)};
  Value* below = c + kTileRows * stride;
  store_tile<0>(c, bytes);
  if constexpr (N > 1) store_tile<1>(c + 16, bytes);
  if constexpr (N > 2) store_tile<2>(c + 32, bytes);
  store_tile<3>(below, bytes);
  if constexpr (N > 1) store_tile<4>(below + 16, bytes);
  if constexpr (N > 2) store_tile<5>(below + 32, bytes);
}

/// sums += a [32, depth] b [depth, N * 16], where a step in depth is 32 bits; b contiguous. Columns are read
/// to and fro, so that one register holds them: what is read twice lies in the nearest cache.
template <TileProduct kProduct, int N, class Step>
inline void add_products(const Step* a, int64_t a_stride, const Step* b, int64_t depth) {
  static_assert(sizeof(Step) == 4);
  constexpr int64_t kColumnBytes = N * 64;
  const int64_t row_bytes = a_stride * int64_t{sizeof(Step)};
  for (int64_t k = 0; k < depth; k += kTileSteps, b += kTileSteps * N * 16) {
    load_tile<kRowTile>(a + k, row_bytes);
    load_tile<kColumnTile>(b, kColumnBytes);
    add_product<kProduct, 0>();
    if constexpr (N > 1) {
      load_tile<kColumnTile>(b + 16, kColumnBytes);
      add_product<kProduct, 1>();
    }
    if constexpr (N > 2) {
      load_tile<kColumnTile>(b + 32, kColumnBytes);
      add_product<kProduct, 2>();
    }
    load_tile<kRowTile>(a + kTileRows * a_stride + k, row_bytes);
    add_product<kProduct, 3 + N - 1>();
    if constexpr (N > 2) {
      load_tile<kColumnTile>(b + 16, kColumnBytes);
      add_product<kProduct, 4>();
    }
    if constexpr (N > 1) {
      load_tile<kColumnTile>(b, kColumnBytes);
      add_product<kProduct, 3>();
    }
  }
}

}  // namespace limner::cpu::LIMNER_ISA
