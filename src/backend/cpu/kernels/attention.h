#pragma once
// Fused attention: every thread takes a block of queries of one head through all blocks of keys, keeping a
// running maximum, sum and output for each query (Milakov & Gimelshein 2018; Dao et al. 2022). Keys and
// values are packed first, once for all queries, in the order in which the tile product reads them.

#include "backend/cpu/kernels/attention_pack.h"
#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/parallel.h"
#include "backend/cpu/kernels/scratch.h"

namespace limner::cpu::LIMNER_ISA {

/// One thread's arrays for one block of queries.
template <class Dot>
struct AttentionScratch {
  using Packed = typename Dot::Packed;
  static constexpr int64_t kQueries = 64;  ///< queries of a block
  /// Rows whose maxima are found together, in the lanes of one register.
  static constexpr int kGroup = std::min(Dot::kRows, kLanes);

  Packed* queries;  ///< [kQueries, depth]
  float* scores;    ///< [Dot::kRows, kKeyBlock]
  Packed* weights;  ///< [Dot::kRows, kKeyBlock / Dot::kDepth]: exponentials of the scores
  float* sums;      ///< [kQueries, kLanes]: of the exponentials, spread over lanes
  float* maxima;    ///< [kQueries / kGroup, kLanes]: of the scaled scores
  float* outputs;   ///< [kQueries, value columns]: not yet divided by the sums

  AttentionScratch(const PackedLayout<Dot>& layout, Carver& carver)
      : queries(carver.take<Packed>(kQueries * layout.depth)),
        scores(carver.take<float>(Dot::kRows * kKeyBlock)),
        weights(carver.take<Packed>(Dot::kRows * kKeyBlock / Dot::kDepth)),
        sums(carver.take<float>(kQueries * kLanes)),
        maxima(carver.take<float>(kQueries / kGroup * kLanes)),
        outputs(carver.take<float>(kQueries * layout.value_columns())) {}
};

template <class Dot>
class AttentionBlock {
 public:
  AttentionBlock(const AttentionShape& shape, const PackedLayout<Dot>& layout,
                 const AttentionScratch<Dot>& scratch)
      : shape_(shape), layout_(layout), scratch_(scratch) {}

  /// `rows` queries from `first` on, of the head that q, keys, values and out start at.
  template <class T>
  void run(const T* q, int64_t q_stride, int64_t first, int64_t rows, const typename Dot::Packed* keys,
           const typename Dot::Packed* values, T* out, int64_t out_stride) {
    const int64_t padded_rows = (rows + Dot::kRows - 1) / Dot::kRows * Dot::kRows;
    begin(q, q_stride, rows, padded_rows);
    for (int64_t key = 0; key < shape_.keys; key += kKeyBlock) {
      for (int64_t row = 0; row < padded_rows; row += Dot::kRows) {
        const int64_t last_query = std::min(first + row + Dot::kRows, shape_.queries) - 1;
        if (shape_.causal && key > last_query) continue;
        multiply_keys(row, key, keys);
        for (int r = 0; r < Dot::kRows; r += kGroup) soften(first + row + r, row + r, r, key);
        multiply_values(row, key, values);
      }
    }
    finish(rows, out, out_stride);
  }

 private:
  static constexpr int kGroup = AttentionScratch<Dot>::kGroup;

  template <class T>
  void begin(const T* q, int64_t q_stride, int64_t rows, int64_t padded_rows) {
    for (int64_t row = 0; row < padded_rows; ++row) {
      auto* packed = scratch_.queries + row * layout_.depth;
      if (row < rows) {
        Dot::pack_row(q + row * q_stride, shape_.head_width, packed);
        std::fill(packed + (shape_.head_width + Dot::kDepth - 1) / Dot::kDepth, packed + layout_.depth, 0);
      } else {
        std::fill_n(packed, layout_.depth, 0);
      }
    }
    std::fill_n(scratch_.sums, padded_rows * kLanes, 0.0f);
    std::fill_n(scratch_.maxima, padded_rows / kGroup * kLanes, -std::numeric_limits<float>::infinity());
  }

  /// scores = queries x keys, unscaled.
  void multiply_keys(int64_t row, int64_t key, const typename Dot::Packed* keys) {
    const int64_t end = std::min(key + kKeyBlock, shape_.keys);
    for (int64_t tile = key; tile < end; tile += kKeyTile<Dot>) {
      with_vectors(layout_.tile_vectors(tile), [&](auto n) {
        Dot::template multiply<n()>(scratch_.queries + row * layout_.depth, layout_.depth,
                                    keys + layout_.key_offset(tile), layout_.depth,
                                    scratch_.scores + (tile - key), kKeyBlock, false);
      });
    }
  }

  /// weights = exponentials of the scores less the running maximum, of kGroup rows from `row` of the block
  /// and `tile_row` of the scores on; sums and outputs follow when that maximum moves.
  void soften(int64_t query, int64_t row, int64_t tile_row, int64_t key) {
    const float scale = shape_.scale * Dot::kScoreUnit;
    const int64_t in_block = std::min(kKeyBlock, shape_.keys - key);
    const int64_t padded = layout_.padded_keys(in_block);
    const float* scores = scratch_.scores + tile_row * kKeyBlock;
    int64_t visible[kGroup];
    F greatest[kGroup];
    for (int r = 0; r < kGroup; ++r) {
      visible[r] = shape_.causal ? std::clamp<int64_t>(query + r + 1 - key, 0, in_block) : in_block;
      greatest[r] = max_of(scores + r * kKeyBlock, visible[r]);
    }
    float* maxima = scratch_.maxima + row / kGroup * kLanes;
    const F before = load(maxima);
    const F after = max(max_of_each(greatest) * scale, before);
    store(maxima, after);
    float change[kLanes];
    store(change, Dot::exponential(after > before ? before - after : F{}));
    for (int r = 0; r < kGroup; ++r) {
      const F added = exponentials(scores + r * kKeyBlock, visible[r], padded, scale, maxima[r],
                                   scratch_.weights + (tile_row + r) * kKeyBlock / Dot::kDepth);
      float* sums = scratch_.sums + (row + r) * kLanes;
      store(sums, fma(load(sums), splat(change[r]), added));
      if (key == 0 || change[r] == 1) continue;  // no outputs yet, or nothing to change about them
      float* outputs = scratch_.outputs + (row + r) * layout_.value_columns();
      for (int64_t d = 0; d < layout_.value_columns(); d += kLanes)
        store(outputs + d, load(outputs + d) * change[r]);
    }
  }

  /// weights[i] = exponential(scores[i] * scale - shift) for i < count, 0 up to `padded`. Returns their sum,
  /// spread over the lanes.
  static F exponentials(const float* scores, int64_t count, int64_t padded, float scale, float shift,
                        typename Dot::Packed* weights) {
    F even{}, odd{};
    int64_t i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
      const F a = Dot::exponential(fma(load(scores + i), scale, -shift));
      const F b = Dot::exponential(fma(load(scores + i + kLanes), scale, -shift));
      even += a;
      odd += b;
      Dot::store_weights(a, b, i, weights);
    }
    for (; i < padded; i += kLanes) {
      const F a = first_lanes(Dot::exponential(fma(load(scores + i), scale, -shift)), count - i, 0);
      even += a;
      Dot::store_weights(a, i, weights);
    }
    return even + odd;
  }

  /// outputs += weights x values; the first block of keys sets them.
  void multiply_values(int64_t row, int64_t key, const typename Dot::Packed* values) {
    const int64_t depth = layout_.padded_keys(std::min(kKeyBlock, shape_.keys - key)) / Dot::kDepth;
    for (int64_t vector = 0; vector < layout_.value_vectors;) {
      const int count = layout_.chunk_vectors(vector);
      const auto* chunk = values + layout_.value_offset(vector, key);
      float* outputs = scratch_.outputs + row * layout_.value_columns() + vector * kLanes;
      const bool half = shape_.head_width <= (vector + count) * kLanes - kLanes / 2;
      with_vectors(count, [&](auto n) {
        if constexpr (Dot::kHasHalves) {
          if (half)
            return Dot::template multiply_half<n()>(scratch_.weights, kKeyBlock / Dot::kDepth, chunk, depth,
                                                    outputs, layout_.value_columns(), key > 0);
        }
        Dot::template multiply<n()>(scratch_.weights, kKeyBlock / Dot::kDepth, chunk, depth, outputs,
                                    layout_.value_columns(), key > 0);
      });
      vector += count;
    }
  }

  template <class T>
  void finish(int64_t rows, T* out, int64_t out_stride) {
    for (int64_t row = 0; row < rows; ++row) {
      const float* outputs = scratch_.outputs + row * layout_.value_columns();
      const float scale = 1 / sum_lanes(load(scratch_.sums + row * kLanes));
      for_lanes(shape_.head_width, [=](int64_t d, auto lanes) {
        store(out + row * out_stride + d, load(outputs + d) * scale, lanes);
      });
    }
  }

  /// The greatest of `count` scores in each lane; the row may be read up to a whole register.
  static F max_of(const float* scores, int64_t count) {
    constexpr float kLowest = -std::numeric_limits<float>::infinity();
    F even = splat(kLowest), odd = even;
    int64_t i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
      even = max(even, load(scores + i));
      odd = max(odd, load(scores + i + kLanes));
    }
    for (; i < count; i += kLanes) even = max(even, first_lanes(load(scores + i), count - i, kLowest));
    return max(even, odd);
  }

  const AttentionShape& shape_;
  const PackedLayout<Dot>& layout_;
  const AttentionScratch<Dot>& scratch_;
};

/// How attention() cuts its scratch memory.
template <class Dot>
struct AttentionMemory {
  PackedLayout<Dot> layout;
  typename Dot::Packed* keys;
  typename Dot::Packed* values;

  AttentionMemory(const AttentionShape& shape, Carver& carver)
      : layout(shape),
        keys(carver.take<typename Dot::Packed>(shape.batch * shape.heads * layout.keys_count())),
        values(carver.take<typename Dot::Packed>(shape.batch * shape.heads * layout.values_count())) {}
};

template <class Dot>
size_t attention_scratch_bytes(const AttentionShape& shape, int threads) {
  Carver carver;
  const AttentionMemory<Dot> memory(shape, carver);
  for (int i = 0; i < threads; ++i) AttentionScratch<Dot>(memory.layout, carver);
  return carver.bytes();
}

template <class T, class Dot>
void attention(const AttentionShape& shape, const AttentionData<T>& data, void* scratch) {
  Carver carver(scratch);
  const AttentionMemory<Dot> memory(shape, carver);
  pack_keys_and_values<T, Dot>(shape, data, memory.layout, memory.keys, memory.values);
  constexpr int64_t kQueries = AttentionScratch<Dot>::kQueries;
  const int64_t blocks = (shape.queries + kQueries - 1) / kQueries;
#pragma omp parallel
  {
    [[maybe_unused]] const typename Dot::Scope scope;
    Carver own = carver;
    for (int i = 0; i < omp_get_thread_num(); ++i) AttentionScratch<Dot>(memory.layout, own);
    const AttentionScratch<Dot> arrays(memory.layout, own);
    AttentionBlock<Dot> block(shape, memory.layout, arrays);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < shape.batch * shape.heads * blocks; ++i) {
      const int64_t head = i / blocks, first = i % blocks * kQueries;
      const int64_t row = head / shape.heads * shape.queries + first,
                    column = head % shape.heads * shape.head_width;
      block.run(data.q + row * data.q_stride + column, data.q_stride, first,
                std::min(kQueries, shape.queries - first), memory.keys + head * memory.layout.keys_count(),
                memory.values + head * memory.layout.values_count(),
                data.out + row * data.out_stride + column, data.out_stride);
    }
  }
}

}  // namespace limner::cpu::LIMNER_ISA
