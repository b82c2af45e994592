#pragma once
// The columns of a tile product's result, cut into chunks of one to three registers: with 8 rows, 24 sums of
// 32 registers.

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "backend/cpu/kernels/isa.h"

namespace limner::cpu::LIMNER_ISA {

inline constexpr int kChunkVectors = 3;  ///< registers of a chunk at most

/// Registers of the chunk that starts where `left` are left. Four are two and two, since one alone is slow.
inline int chunk_vectors(int64_t left) {
  return static_cast<int>(left == 4 ? 2 : std::min<int64_t>(left, kChunkVectors));
}

inline int64_t chunk_count(int64_t vectors) { return (vectors + kChunkVectors - 1) / kChunkVectors; }

/// The first register of chunk `index`; of all there are for the chunk after the last.
inline int64_t chunk_begin(int64_t index, int64_t vectors) {
  const bool ends_in_four = vectors % kChunkVectors == 1 && vectors > 1;
  const bool is_last = index == chunk_count(vectors) - 1;
  return std::min(vectors, index * kChunkVectors - (ends_in_four && is_last ? 1 : 0));
}

/// Calls body with the constant 1, 2 or 3.
template <class Body>
inline void with_vectors(int count, Body body) {
  static_assert(kChunkVectors == 3);
  if (count == 3) return body(std::integral_constant<int, 3>{});
  if (count == 2) return body(std::integral_constant<int, 2>{});
  body(std::integral_constant<int, 1>{});
}

}  // namespace limner::cpu::LIMNER_ISA
