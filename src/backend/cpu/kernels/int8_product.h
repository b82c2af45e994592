#pragma once
// Linear maps in 8 bits (op::Linear): weights quantised per output, activations per row at every run.
//   codes    [rows, whole tiles of them] scales, then [rows][steps of depth][kDepth]
//   packed   [outputs, whole registers] scales, the same of starting sums, then
//            [chunks of 1 to 3 registers of outputs][steps of depth][outputs of the chunk][kDepth]
// Sums are exact, so that work may be cut by the number of threads.

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

#include "backend/cpu/kernels/activations.h"
#include "backend/cpu/kernels/column_chunks.h"
#include "backend/cpu/kernels/dot_int8.h"
#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/parallel.h"
#include "backend/cpu/kernels/scratch.h"

namespace limner::cpu::LIMNER_ISA {

inline constexpr float kInt8Greatest = 127;
/// Rows whose values are all smaller are zeros: the reciprocal of their scale would overflow.
inline constexpr float kInt8Smallest = 0x1p-119f;

inline int64_t int8_steps(int64_t in) {
  constexpr int64_t kUnit = DotInt8::kDepth * DotInt8::kSteps;
  return (in + kUnit - 1) / kUnit * DotInt8::kSteps;
}

struct Int8Codes {
  int64_t steps;
  float* scales;
  DotInt8::Code* codes;

  Int8Codes(int64_t rows, int64_t in, Carver& carver)
      : steps(int8_steps(in)),
        scales(carver.take<float>(whole_tiles(rows))),
        codes(carver.take<DotInt8::Code>(whole_tiles(rows) * steps * DotInt8::kDepth)) {}
  DotInt8::Code* row(int64_t index) const { return codes + index * steps * DotInt8::kDepth; }
  static int64_t whole_tiles(int64_t rows) {
    return (rows + DotInt8::kRows - 1) / DotInt8::kRows * DotInt8::kRows;
  }
};

struct Int8Weights {
  int64_t steps, vectors;
  float* scales;
  int32_t* starts;
  DotInt8::WeightStep* codes;

  Int8Weights(int64_t in, int64_t out, Carver& carver)
      : steps(int8_steps(in)),
        vectors((out + kLanes - 1) / kLanes),
        scales(carver.take<float>(vectors * kLanes)),
        starts(carver.take<int32_t>(vectors * kLanes)),
        codes(carver.take<DotInt8::WeightStep>(vectors * kLanes * steps)) {}
  /// Where the chunk of outputs that starts at register `first` lies.
  DotInt8::WeightStep* chunk(int64_t first) const { return codes + first * kLanes * steps; }
};

inline size_t int8_codes_bytes(int64_t rows, int64_t in) {
  Carver carver;
  const Int8Codes codes(rows, in, carver);
  return carver.bytes();
}

inline size_t int8_weight_bytes(int64_t in, int64_t out) {
  Carver carver;
  const Int8Weights weights(in, out, carver);
  return carver.bytes();
}

/// What a code of a row is worth, and codes for a unit of its values.
struct Int8Scale {
  float scale, codes_per_unit;

  explicit Int8Scale(float greatest) : scale(greatest / kInt8Greatest), codes_per_unit(0) {
    if (greatest >= kInt8Smallest && greatest <= std::numeric_limits<float>::max())
      codes_per_unit = kInt8Greatest / greatest;
    // An infinite scale times a sum of zero: NaN either way.
    if (!(greatest <= std::numeric_limits<float>::max())) scale = std::numeric_limits<float>::quiet_NaN();
  }
};

/// The greatest magnitude of a row; not finite if any value is not: as integers, infinity is greater than
/// every number, and NaN than infinity.
template <class T>
inline float greatest_of(const T* row, int64_t count) {
  I greatest{};
  for_lanes(count, [&](int64_t i, auto lanes) {
    const I magnitude = reinterpret_cast<I>(bits(load(row + i, lanes)) & 0x7fffffffu);
    greatest = magnitude > greatest ? magnitude : greatest;
  });
  int32_t found = 0;
  for (int lane = 0; lane < kLanes; ++lane) found = std::max(found, greatest[lane]);
  return std::bit_cast<float>(found);
}

template <class T>
inline void quantize_row(const T* x, int64_t count, const Int8Scale& scale, DotInt8::Code* out) {
  typedef DotInt8::Code CodeLanes __attribute__((vector_size(kLanes * sizeof(DotInt8::Code))));
  for_lanes(count, [=](int64_t i, auto lanes) {
    // Of a row that is not finite: codes of zero, whose products are the scale's NaN.
    const F scaled = scale.codes_per_unit == 0 ? F{} : load(x + i, lanes) * splat(scale.codes_per_unit);
    const CodeLanes codes = __builtin_convertvector(round_to_int(scaled) + DotInt8::kOffset, CodeLanes);
    if constexpr (std::is_same_v<decltype(lanes), Full>) {
      std::memcpy(out + i, &codes, sizeof codes);
    } else {
      std::memcpy(out + i, &codes, static_cast<size_t>(lanes.count) * sizeof(DotInt8::Code));
    }
  });
}

template <class T>
void int8_quantize(const T* x, int64_t rows, int64_t in, void* memory) {
  Carver carver(memory);
  const Int8Codes codes(rows, in, carver);
  parallel_ranges(rows, in, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const Int8Scale scale(greatest_of(x + row * in, in));
      codes.scales[row] = scale.scale;
      quantize_row(x + row * in, in, scale, codes.row(row));
      std::fill(codes.row(row) + in, codes.row(row) + codes.steps * DotInt8::kDepth, DotInt8::Code{});
    }
  });
}

/// weight [out, in] f32 -> packed.
inline void int8_pack(const float* weight, int64_t in, int64_t out, void* packed) {
  Carver carver(packed);
  const Int8Weights weights(in, out, carver);
  parallel_for(chunk_count(weights.vectors), [&](int64_t i) {
    const int64_t first = chunk_begin(i, weights.vectors);
    const int64_t columns = chunk_vectors(weights.vectors - first) * kLanes;
    auto* chunk = reinterpret_cast<int8_t*>(weights.chunk(first));
    std::fill_n(chunk, columns * weights.steps * DotInt8::kDepth, int8_t{0});
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t output = first * kLanes + column;
      const float* row = weight + output * in;
      const Int8Scale scale(output < out ? greatest_of(row, in) : 0);
      int32_t sum = 0;
      for (int64_t k = 0; output < out && k < in; ++k) {
        const float scaled = row[k] * scale.codes_per_unit;
        const auto code = static_cast<int8_t>(std::nearbyint(scaled));
        chunk[(k / DotInt8::kDepth * columns + column) * DotInt8::kDepth + k % DotInt8::kDepth] = code;
        sum += code;
      }
      weights.scales[output] = scale.scale;
      weights.starts[output] = -DotInt8::kOffset * sum;
    }
  });
}

#if defined(__AMX_INT8__)
/// sums [kRows, N * kLanes] = rows weights: without an offset all starts are zero.
template <int N>
inline void int8_tile(const DotInt8::Code* rows, int64_t steps, const DotInt8::WeightStep* weights,
                      const int32_t* /*starts*/, int32_t* sums) {
  clear_sums<N>();
  add_products<TileProduct::bytes, N>(reinterpret_cast<const uint32_t*>(rows), steps, weights, steps);
  store_sums<N>(sums, N * kLanes);
}
#else
/// sums [kRows, N * kLanes] = starts + rows weights.
template <int N>
inline void int8_tile(const DotInt8::Code* rows, int64_t steps, const DotInt8::WeightStep* weights,
                      const int32_t* starts, int32_t* sums) {
  constexpr int kRows = DotInt8::kRows;
  I sum[kRows][N];
#pragma GCC unroll 3
  for (int n = 0; n < N; ++n) {
    I start;
    std::memcpy(&start, starts + n * kLanes, sizeof start);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) sum[r][n] = start;
  }
  const auto* row = reinterpret_cast<const std::byte*>(rows);
  const int64_t stride = steps * int64_t{sizeof(int32_t)};
  for (int64_t step = 0; step < steps; ++step, weights += N * kLanes, row += sizeof(int32_t)) {
    I column[N];
#pragma GCC unroll 3
    for (int n = 0; n < N; ++n) column[n] = DotInt8::load_step(weights + n * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      int32_t group;
      std::memcpy(&group, row + r * stride, sizeof group);
      const I value = I{} + group;
#pragma GCC unroll 3
      for (int n = 0; n < N; ++n) sum[r][n] = DotInt8::add_products(sum[r][n], value, column[n]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
    for (int n = 0; n < N; ++n) std::memcpy(sums + (r * N + n) * kLanes, &sum[r][n], sizeof(I));
  }
}
#endif
static_assert(DotInt8::kDepth * sizeof(DotInt8::Code) == sizeof(int32_t), "a step of a row is one lane");

/// What rows [begin, end) of a product share.
template <class Out>
struct Int8Product {
  const Int8Shape& shape;
  const Int8Codes& codes;
  const Int8Weights& weights;
  const float* bias;
  Out* out;

  /// The chunk of N registers of outputs from `first` on.
  template <int N>
  void chunk(int64_t first, int64_t begin, int64_t end) const {
    alignas(64) int32_t sums[DotInt8::kRows * N * kLanes];
    for (int64_t row = begin; row < end; row += DotInt8::kRows) {
      int8_tile<N>(codes.row(row), codes.steps, weights.chunk(first), weights.starts + first * kLanes, sums);
      const int64_t there = std::min<int64_t>(DotInt8::kRows, end - row);
      for (int64_t r = 0; r < there; ++r) finish<N>(row + r, first, sums + r * N * kLanes);
    }
  }

  template <int N>
  void finish(int64_t row, int64_t first, const int32_t* sums) const {
    const int64_t column = first * kLanes;
    Out* to = out + row * shape.out + column;
    for_lanes(std::min<int64_t>(N * kLanes, shape.out - column), [&](int64_t c, auto lanes) {
      I sum;
      std::memcpy(&sum, sums + c, sizeof sum);
      const F worth = splat(codes.scales[row]) * load(weights.scales + column + c);
      F value = __builtin_convertvector(sum, F) * worth;
      if (bias != nullptr) value += load(bias + column + c, lanes);
      if (shape.accumulate) value += load(to + c, lanes);
      if (shape.activation)
        value = activated<Out>(shape.activation->kind, shape.activation->parameter, value);
      store(to + c, value, lanes);
    });
  }
};

template <class Out>
void int8_multiply(const Int8Shape& shape, const void* memory, const void* packed, const float* bias,
                   Out* out) {
  Carver of_codes(const_cast<void*>(memory)), of_weights(const_cast<void*>(packed));
  const Int8Codes codes(shape.rows, shape.in, of_codes);
  const Int8Weights weights(shape.in, shape.out, of_weights);
  const Int8Product<Out> product{shape, codes, weights, bias, out};
  // Rows of a block stay in a core's cache; where there are few blocks, outputs are shared out as well.
  constexpr int64_t kBlock = 96;
  static_assert(kBlock % DotInt8::kRows == 0);
  const int64_t blocks = (shape.rows + kBlock - 1) / kBlock, chunks = chunk_count(weights.vectors);
  const int64_t wanted = 4 * int64_t{omp_get_max_threads()};
  const int64_t groups = std::clamp<int64_t>((wanted + blocks - 1) / blocks, 1, chunks);
  parallel_for_holding<DotInt8::Scope>(blocks * groups, [&](int64_t i) {
    const int64_t begin = i / groups * kBlock, end = std::min(begin + kBlock, shape.rows);
    const int64_t group = i % groups;
    for (int64_t c = chunks * group / groups; c < chunks * (group + 1) / groups; ++c) {
      const int64_t first = chunk_begin(c, weights.vectors);
      with_vectors(chunk_vectors(weights.vectors - first),
                   [&](auto n) { product.template chunk<n()>(first, begin, end); });
    }
  });
}

}  // namespace limner::cpu::LIMNER_ISA
