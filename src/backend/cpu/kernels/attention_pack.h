#pragma once
// Keys and values in the order in which attention's tile product reads them.
//   keys   [tiles of kKeyTile keys][depth of head_width][keys of the tile]
//   values [chunks of 1 to 3 registers of head_width][depth of keys][columns of the chunk]
// where a step in depth is one Dot::Packed: one f32, or a pair of bf16.

#include <algorithm>
#include <limits>

#include "backend/cpu/kernels/column_chunks.h"
#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/parallel.h"
#include "backend/cpu/kernels/vec.h"

namespace limner::cpu::LIMNER_ISA {

/// Keys between two updates of the running maximum: a multiple of every tile. Twice as many are no faster,
/// half as many 5 to 20 % slower.
inline constexpr int64_t kKeyBlock = 384;
template <class Dot>
inline constexpr int64_t kKeyTile = Dot::kVectors* kLanes;

template <class Dot>
struct PackedLayout {
  static constexpr int64_t kDepthUnit = Dot::kDepth * Dot::kSteps;  ///< values multiplied at once
  static constexpr int64_t kKeyUnit = std::max<int64_t>(kLanes, kDepthUnit);

  int64_t keys;           ///< keys there are
  int64_t depth;          ///< Packed steps of a head's width
  int64_t value_vectors;  ///< registers that hold a head's width

  explicit PackedLayout(const AttentionShape& shape)
      : keys(shape.keys),
        depth((shape.head_width + kDepthUnit - 1) / kDepthUnit * Dot::kSteps),
        value_vectors((shape.head_width + kLanes - 1) / kLanes) {}

  static int64_t padded_keys(int64_t count) { return (count + kKeyUnit - 1) / kKeyUnit * kKeyUnit; }
  int64_t value_columns() const { return value_vectors * kLanes; }
  int64_t keys_count() const { return padded_keys(keys) * depth; }
  int64_t values_count() const { return padded_keys(keys) / Dot::kDepth * value_columns(); }

  /// Registers of the tile that starts at key `first`: fewer at the end.
  int tile_vectors(int64_t first) const {
    return static_cast<int>(std::min<int64_t>(Dot::kVectors, padded_keys(keys - first) / kLanes));
  }
  int64_t key_offset(int64_t first) const { return first * depth; }

  /// Registers of the chunk that starts at register `first`.
  int chunk_vectors(int64_t first) const { return LIMNER_ISA::chunk_vectors(value_vectors - first); }
  /// Where key `key` (even) of the chunk that starts at register `first` lies.
  int64_t value_offset(int64_t first, int64_t key) const {
    return first * kLanes * (padded_keys(keys) / Dot::kDepth) +
           key / Dot::kDepth * chunk_vectors(first) * kLanes;
  }
};

/// One tile of keys; `k` is its first key. Keys beyond the end become zero.
template <class Dot, class T>
inline void pack_key_tile(const PackedLayout<Dot>& layout, const T* k, int64_t stride, int64_t width,
                          int64_t first, typename Dot::Packed* out) {
  const int64_t columns = layout.tile_vectors(first) * kLanes;
  for (int64_t key = 0; key < columns; key += kLanes, out += kLanes) {
    const int64_t there = layout.keys - first - key;
    for (int64_t step = 0; step < layout.depth; step += kLanes) {
      const int64_t d = step * Dot::kDepth;
      F rows[kLanes] = {};
      for (int64_t i = 0; i < std::min<int64_t>(kLanes, there); ++i)
        rows[i] = Dot::load_steps(k + (key + i) * stride + d, width - d);
      transpose(rows);
      for (int64_t i = 0; i < std::min<int64_t>(kLanes, layout.depth - step); ++i)
        std::memcpy(out + (step + i) * columns, &rows[i], sizeof rows[i]);
    }
  }
}

/// The values of keys [first, first + count) in every chunk; `v` is the row of `first`. Missing keys and
/// columns are zero.
template <class Dot, class T>
inline void pack_values(const PackedLayout<Dot>& layout, const T* v, int64_t stride, int64_t width,
                        int64_t first, int64_t count, typename Dot::Packed* out) {
  for (int64_t vector = 0; vector < layout.value_vectors; vector += layout.chunk_vectors(vector)) {
    const int64_t columns = layout.chunk_vectors(vector) * kLanes, column = vector * kLanes;
    const int64_t there = std::min(columns, width - column);
    auto* row = out + layout.value_offset(vector, first);
    for (int64_t key = 0; key < layout.padded_keys(count); key += Dot::kDepth, row += columns) {
      std::fill(row + there, row + columns, 0);
      const int64_t left = std::clamp<int64_t>(count - key, 0, Dot::kDepth);
      for_lanes(there, [&](int64_t d, auto lanes) {
        const F step = Dot::load_across(v + key * stride + column + d, stride, left, lanes);
        store(reinterpret_cast<float*>(row + d), step, lanes);
      });
    }
  }
}

/// Every head's keys and values, one after the other.
template <class T, class Dot>
void pack_keys_and_values(const AttentionShape& shape, const AttentionData<T>& data,
                          const PackedLayout<Dot>& layout, typename Dot::Packed* keys,
                          typename Dot::Packed* values) {
  const int64_t blocks = (shape.keys + kKeyBlock - 1) / kKeyBlock;
  parallel_for(shape.batch * shape.heads * blocks, [&](int64_t i) {
    const int64_t head = i / blocks, first = i % blocks * kKeyBlock;
    const int64_t row = head / shape.heads * shape.keys, column = head % shape.heads * shape.head_width;
    const int64_t end = std::min(first + kKeyBlock, shape.keys);
    for (int64_t tile = first; tile < end; tile += kKeyTile<Dot>) {
      pack_key_tile<Dot>(layout, data.k + (row + tile) * data.k_stride + column, data.k_stride,
                         shape.head_width, tile, keys + head * layout.keys_count() + layout.key_offset(tile));
    }
    pack_values<Dot>(layout, data.v + (row + first) * data.v_stride + column, data.v_stride, shape.head_width,
                     first, end - first, values + head * layout.values_count());
  });
}

}  // namespace limner::cpu::LIMNER_ISA
