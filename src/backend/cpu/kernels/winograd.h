#pragma once
// 3x3 convolutions by Winograd's minimal filtering F(2x2, 3x3) (Lavin & Gray 2016, arXiv:1509.09308): 16
// products for 4 results instead of 36. A tile of 4x4 pixels becomes 16 values a channel (B^T d B), each of
// which is one row of one of 16 matrix products with the transformed weights (G g G^T); 16 sums become 2x2
// results (A^T m A). Sums are f32; tiles and weights are rounded to bf16 after their transforms, which makes
// the error twice that of a direct convolution in bf16.
//   weights  [chunks of 1 to 3 registers of outputs][16][pairs of inputs][outputs of the chunk]
//   filters  [the same chunks][pairs of inputs][9][outputs of the chunk], of compact convolutions
//   tiles    [16][tiles of a block][inputs], a line between planes
//   sums     [16][tiles of a block][outputs of a chunk], the same
// A block of tiles goes from pixels to pixels in one thread's cache. The sums of a tile run over the inputs
// in one order whatever else is in its block, so that how work is cut never shows in the result.

#include <algorithm>
#include <array>

#include "backend/cpu/kernels/activations.h"
#include "backend/cpu/kernels/best_dot.h"
#include "backend/cpu/kernels/column_chunks.h"
#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/parallel.h"
#include "backend/cpu/kernels/scratch.h"

namespace limner::cpu::LIMNER_ISA {

inline constexpr int64_t kPlanes = 16;    ///< products of a tile: 4 x 4
inline constexpr int64_t kTaps = 9;       ///< of a filter
inline constexpr int64_t kTilesMax = 64;  ///< tiles of a block
/// Pairs of inputs whose filters are transformed at once: what comes of them stays in a core's cache.
inline constexpr int64_t kPairsAtOnce = 64;
/// Of a block whose weights fit into a core's cache. AMX multiplies so fast that reading weights is what
/// counts.
inline constexpr int64_t kTilesUsual = kUsesTiles ? kTilesMax : kTilesMax / 2;
/// 48 channels are 7 % slower with AMX than directly, 64 are 10 % faster; without it 48 are 1.4 times as
/// fast.
inline constexpr int64_t kWinogradChannelsMin = kUsesTiles ? 64 : 32;

/// How the transformed weights of `in` to `out` channels lie.
struct WinogradWeights {
  int64_t in, out;
  /// Of inputs, filled up to what the product takes at once.
  int64_t pairs() const {
    constexpr int64_t kUnit = 2 * BestDotBf16::kSteps;
    return (in + kUnit - 1) / kUnit * BestDotBf16::kSteps;
  }
  int64_t vectors() const { return (out + kLanes - 1) / kLanes; }
  int64_t count() const { return kPlanes * pairs() * vectors() * kLanes; }
  /// Where the chunk of outputs that starts at register `first` lies, of `values` for each input and output.
  int64_t chunk_offset(int64_t first, int64_t values = kPlanes) const {
    return values * pairs() * first * kLanes;
  }
};

inline size_t winograd_weight_bytes(int64_t in, int64_t out) {
  return static_cast<size_t>(WinogradWeights{in, out}.count()) * sizeof(uint32_t);
}

inline size_t winograd_filter_bytes(int64_t in, int64_t out) {
  return winograd_weight_bytes(in, out) / kPlanes * kTaps;
}

/// The filters of kLanes outputs from `first` on at input `channel`; zero where there is no output or input.
/// weight [out, in, 3, 3].
inline void gather_filters(const float* weight, const WinogradWeights& layout, int64_t first, int64_t channel,
                           F (&g)[kTaps]) {
  const int64_t there = channel < layout.in ? std::min<int64_t>(kLanes, layout.out - first) : 0;
  const float* filter = weight + (first * layout.in + channel) * kTaps;
  for (F& tap : g) tap = F{};
  for (int64_t lane = 0; lane < there; ++lane, filter += layout.in * kTaps) {
    for (int i = 0; i < kTaps; ++i) g[i][lane] = filter[i];
  }
}

/// G g G^T.
inline void transform_filters(const F (&g)[kTaps], F (&u)[kPlanes]) {
  F rows[4][3];
  for (int x = 0; x < 3; ++x) {
    const F sum = g[x] + g[6 + x];
    rows[0][x] = g[x];
    rows[1][x] = 0.5f * (sum + g[3 + x]);
    rows[2][x] = 0.5f * (sum - g[3 + x]);
    rows[3][x] = g[6 + x];
  }
  for (int y = 0; y < 4; ++y) {
    const F sum = rows[y][0] + rows[y][2];
    u[4 * y] = rows[y][0];
    u[4 * y + 1] = 0.5f * (sum + rows[y][1]);
    u[4 * y + 2] = 0.5f * (sum - rows[y][1]);
    u[4 * y + 3] = rows[y][2];
  }
}

/// Rounded to bf16, lane by lane in pairs.
inline U in_pairs(F even, F odd) {
  alignas(64) static constexpr auto kOrder = [] {
    std::array<uint16_t, 32> order{};
    for (uint16_t i = 0; i < 32; ++i) order[i] = static_cast<uint16_t>(i / 2 + i % 2 * 16);
    return order;
  }();
  const auto both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(odd, even));
  return reinterpret_cast<U>(_mm512_permutexvar_epi16(_mm512_load_si512(kOrder.data()), both));
}

/// Calls body(first register of the chunk, columns of it, pair of inputs, column, filters of the pair there).
template <class Body>
void for_filters(const float* weight, const WinogradWeights& layout, Body body) {
  const int64_t pairs = layout.pairs(), vectors = layout.vectors();
  parallel_for(chunk_count(vectors) * pairs, [&](int64_t i) {
    const int64_t first = chunk_begin(i / pairs, vectors), pair = i % pairs;
    const int64_t columns = chunk_vectors(vectors - first) * kLanes;
    for (int64_t column = 0; column < columns; column += kLanes) {
      F even[kTaps], odd[kTaps];
      gather_filters(weight, layout, first * kLanes + column, 2 * pair, even);
      gather_filters(weight, layout, first * kLanes + column, 2 * pair + 1, odd);
      body(first, columns, pair, column, even, odd);
    }
  });
}

/// weight [out, in, 3, 3] f32 -> packed.
inline void winograd_pack(const float* weight, int64_t in, int64_t out, void* packed) {
  const WinogradWeights layout{in, out};
  for_filters(weight, layout,
              [&](int64_t first, int64_t columns, int64_t pair, int64_t column, const F(&even)[kTaps],
                  const F(&odd)[kTaps]) {
                F u[kPlanes], v[kPlanes];
                transform_filters(even, u);
                transform_filters(odd, v);
                auto* to =
                    static_cast<uint32_t*>(packed) + layout.chunk_offset(first) + pair * columns + column;
                for (int64_t plane = 0; plane < kPlanes; ++plane, to += layout.pairs() * columns) {
                  const U both = in_pairs(u[plane], v[plane]);
                  std::memcpy(to, &both, sizeof both);
                }
              });
}

/// weight [out, in, 3, 3] f32 -> filters.
inline void winograd_pack_filters(const float* weight, int64_t in, int64_t out, void* packed) {
  const WinogradWeights layout{in, out};
  for_filters(weight, layout,
              [&](int64_t first, int64_t columns, int64_t pair, int64_t column, const F(&even)[kTaps],
                  const F(&odd)[kTaps]) {
                auto* to = static_cast<uint32_t*>(packed) + layout.chunk_offset(first, kTaps) +
                           pair * kTaps * columns + column;
                for (int64_t tap = 0; tap < kTaps; ++tap, to += columns) {
                  const U both = in_pairs(even[tap], odd[tap]);
                  std::memcpy(to, &both, sizeof both);
                }
              });
}

/// `pairs` rows of a chunk's filters -> as many rows of weights in each plane, `plane` values apart.
template <int N>
void expand_filters(const uint32_t* filters, int64_t pairs, uint32_t* weights, int64_t plane) {
  constexpr int64_t kColumns = N * kLanes;
  for (int64_t pair = 0; pair < pairs; ++pair, filters += kTaps * kColumns) {
    for (int64_t column = 0; column < kColumns; column += kLanes) {
      F even[kTaps], odd[kTaps];
      for (int64_t tap = 0; tap < kTaps; ++tap) {
        U both;
        std::memcpy(&both, filters + tap * kColumns + column, sizeof both);
        even[tap] = from_bits(both << 16);
        odd[tap] = from_bits(both & 0xffff0000u);
      }
      F u[kPlanes], v[kPlanes];
      transform_filters(even, u);
      transform_filters(odd, v);
      for (int64_t i = 0; i < kPlanes; ++i) {
        const U both = in_pairs(u[i], v[i]);
        std::memcpy(weights + i * plane + pair * kColumns + column, &both, sizeof both);
      }
    }
  }
}

/// The block of tiles that one thread works on.
struct WinogradScratch {
  int64_t depth;       ///< values of a row of `tiles`: WinogradWeights::pairs()
  int64_t tile_plane;  ///< values from one plane of `tiles` to the next
  int64_t sum_plane;   ///< the same of `sums`
  Bf16* tiles;
  float* sums;
  Bf16* zeros;           ///< a pixel outside the picture
  int64_t weight_plane;  ///< values from one plane of `weights` to the next
  uint32_t* weights;     ///< of compact convolutions, what some filters come to

  /// A line between planes: 16 that lie a multiple of 4 KiB apart do not fit into a cache of 8 or 12 ways.
  WinogradScratch(const Conv3x3Shape& shape, Carver& carver)
      : depth(2 * WinogradWeights{shape.in, shape.out}.pairs()),
        tile_plane(kTilesMax * depth + 2 * kLanes),
        sum_plane((kTilesMax * kChunkVectors + 1) * kLanes),
        tiles(carver.take<Bf16>(kPlanes * tile_plane)),
        sums(carver.take<float>(kPlanes * sum_plane)),
        zeros(carver.take<Bf16>(depth)),
        weight_plane((kPairsAtOnce * kChunkVectors + 1) * kLanes),
        weights(carver.take<uint32_t>(shape.compact ? kPlanes * weight_plane : 0)) {}
};

template <class Out>
class WinogradBlock {
 public:
  WinogradBlock(const Conv3x3Shape& shape, const WinogradScratch& scratch, const Bf16* x,
                const uint32_t* weights, const float* bias, Out* out)
      : shape_(shape),
        layout_{shape.in, shape.out},
        scratch_(scratch),
        x_(x),
        weights_(weights),
        bias_(bias),
        out_(out) {
    std::fill_n(scratch_.zeros, scratch.depth, Bf16{});
  }

  /// Tiles [first, first + count) of all pictures, chunks of outputs [begin, end).
  void run(int64_t first, int64_t count, int64_t begin, int64_t end) {
    first_ = first;
    count_ = count;
    for (int64_t tile = 0; tile < count;) tile += transform_run(tile);
    clear_padding();
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t vector = chunk_begin(chunk, layout_.vectors());
      with_vectors(chunk_vectors(layout_.vectors() - vector), [&](auto n) {
        if (shape_.compact)
          multiply_compact<n()>(vector);
        else
          multiply<n()>(vector);
      });
    }
  }

 private:
  int64_t tile_rows() const { return (shape_.height + 1) / 2; }
  int64_t tile_columns() const { return (shape_.width + 1) / 2; }

  /// What the product reads beyond the tiles and beyond the inputs.
  void clear_padding() {
    const int64_t padded = (count_ + BestDotBf16::kRows - 1) / BestDotBf16::kRows * BestDotBf16::kRows;
    for (int64_t plane = 0; plane < kPlanes; ++plane) {
      Bf16* tiles = scratch_.tiles + plane * scratch_.tile_plane;
      std::fill(tiles + count_ * scratch_.depth, tiles + padded * scratch_.depth, Bf16{});
      if (scratch_.depth == shape_.in) continue;
      for (int64_t tile = 0; tile < count_; ++tile)
        std::fill(tiles + tile * scratch_.depth + shape_.in, tiles + (tile + 1) * scratch_.depth, Bf16{});
    }
  }

  /// One pixel's channels, or zeros outside.
  const Bf16* pixel(int64_t picture, int64_t y, int64_t x) const {
    if (shape_.wrap_y) y = (y + shape_.height) % shape_.height;
    if (shape_.wrap_x) x = (x + shape_.width) % shape_.width;
    if (y < 0 || x < 0 || y >= shape_.height || x >= shape_.width) return scratch_.zeros;
    return x_ + ((picture * shape_.height + y) * shape_.width + x) * shape_.in;
  }

  /// Four pixels below each other.
  struct Column {
    const Bf16* pixels[4];
  };

  /// Transforms the tiles from `tile` on that are neighbours in one row; returns how many.
  int64_t transform_run(int64_t tile) {
    const int64_t across = tile_columns(), number = first_ + tile;
    const int64_t column = number % across, row = number / across % tile_rows(),
                  picture = number / across / tile_rows();
    const int64_t run = std::min(across - column, count_ - tile);
    Column columns[2 * kTilesMax + 2];
    for (int64_t i = 0; i < 2 * run + 2; ++i) {
      for (int64_t y = 0; y < 4; ++y)
        columns[i].pixels[y] = pixel(picture, 2 * row - 1 + y, 2 * column - 1 + i);
    }
    for_lanes(shape_.in, [&](int64_t c, auto lanes) {
      F left[2][4];
      transform_column(columns[0], c, lanes, left[0]);
      transform_column(columns[1], c, lanes, left[1]);
      Bf16* to = scratch_.tiles + tile * scratch_.depth + c;
      for (int64_t i = 0; i < run; ++i, to += scratch_.depth) {
        F right[2][4];
        transform_column(columns[2 * i + 2], c, lanes, right[0]);
        transform_column(columns[2 * i + 3], c, lanes, right[1]);
        for (int y = 0; y < 4; ++y) {
          Bf16* plane = to + 4 * y * scratch_.tile_plane;
          store(plane, left[0][y] - right[0][y], lanes);
          store(plane + scratch_.tile_plane, left[1][y] + right[0][y], lanes);
          store(plane + 2 * scratch_.tile_plane, right[0][y] - left[1][y], lanes);
          store(plane + 3 * scratch_.tile_plane, left[1][y] - right[1][y], lanes);
          left[0][y] = right[0][y];
          left[1][y] = right[1][y];
        }
      }
    });
    return run;
  }

  template <class Lanes>
  static void transform_column(const Column& column, int64_t c, Lanes lanes, F (&out)[4]) {
    const F a = load(column.pixels[0] + c, lanes), b = load(column.pixels[1] + c, lanes),
            d = load(column.pixels[2] + c, lanes), e = load(column.pixels[3] + c, lanes);
    out[0] = a - d;
    out[1] = b + d;
    out[2] = d - b;
    out[3] = b - e;
  }

  /// The 16 products with N registers of outputs from `vector` on, and what becomes of them.
  template <int N>
  void multiply(int64_t vector) {
    const int64_t pairs = layout_.pairs();
    multiply_rows<N>(0, pairs, weights_ + layout_.chunk_offset(vector), pairs * N * kLanes);
    for (int64_t tile = 0; tile < count_; ++tile) finish<N>(tile, vector);
  }

  /// The same of filters, some pairs of inputs after the others: each sum goes on where it was, so that no
  /// bit of it depends on how many are taken at once.
  template <int N>
  void multiply_compact(int64_t vector) {
    const int64_t pairs = layout_.pairs();
    const uint32_t* filters = weights_ + layout_.chunk_offset(vector, kTaps);
    for (int64_t pair = 0; pair < pairs; pair += kPairsAtOnce) {
      const int64_t count = std::min(kPairsAtOnce, pairs - pair);
      expand_filters<N>(filters + pair * kTaps * N * kLanes, count, scratch_.weights, scratch_.weight_plane);
      multiply_rows<N>(pair, count, scratch_.weights, scratch_.weight_plane);
    }
    for (int64_t tile = 0; tile < count_; ++tile) finish<N>(tile, vector);
  }

  /// `count` pairs of inputs from `pair` on, with weights whose planes lie `weight_plane` apart.
  template <int N>
  void multiply_rows(int64_t pair, int64_t count, const uint32_t* weights, int64_t weight_plane) {
    const int64_t pairs = layout_.pairs(), columns = N * kLanes;
    for (int64_t plane = 0; plane < kPlanes; ++plane, weights += weight_plane) {
      const auto* tiles =
          reinterpret_cast<const uint32_t*>(scratch_.tiles + plane * scratch_.tile_plane) + pair;
      float* sums = scratch_.sums + plane * scratch_.sum_plane;
      for (int64_t tile = 0; tile < count_; tile += BestDotBf16::kRows) {
        BestDotBf16::multiply<N>(tiles + tile * pairs, pairs, weights, count, sums + tile * columns, columns,
                                 pair > 0);
      }
    }
  }

  /// The 2x2 results of one tile, as far as they lie inside the picture.
  template <int N>
  void finish(int64_t tile, int64_t vector) {
    const int64_t across = tile_columns(), number = first_ + tile;
    const int64_t x = number % across * 2, y = number / across % tile_rows() * 2,
                  picture = number / across / tile_rows();
    const int64_t row_stride = shape_.width * shape_.out;
    Out* out = out_ + (picture * shape_.height + y) * row_stride + x * shape_.out + vector * kLanes;
    const bool right = x + 1 < shape_.width, below = y + 1 < shape_.height;
    const float* sums = scratch_.sums + tile * N * kLanes;
    for_lanes(std::min<int64_t>(N * kLanes, shape_.out - vector * kLanes), [&](int64_t c, auto lanes) {
      F result[2][2];
      transform_sums(sums + c, result);
      const F bias = bias_ ? load(bias_ + vector * kLanes + c, lanes) : F{};
      const auto put = [&](F value, Out* to) {
        value += bias;
        if (shape_.accumulate) value += load(to, lanes);
        if (shape_.activation)
          value = activated<Out>(shape_.activation->kind, shape_.activation->parameter, value);
        store(to, value, lanes);
      };
      put(result[0][0], out + c);
      if (right) put(result[0][1], out + shape_.out + c);
      if (below) put(result[1][0], out + row_stride + c);
      if (below && right) put(result[1][1], out + row_stride + shape_.out + c);
    });
  }

  /// A^T m A of one register of outputs.
  void transform_sums(const float* sums, F (&out)[2][2]) const {
    F top[4], bottom[4];
    for (int x = 0; x < 4; ++x) {
      const float* column = sums + x * scratch_.sum_plane;
      const F a = load(column), b = load(column + 4 * scratch_.sum_plane),
              c = load(column + 8 * scratch_.sum_plane), d = load(column + 12 * scratch_.sum_plane);
      top[x] = a + b + c;
      bottom[x] = b - c - d;
    }
    out[0][0] = top[0] + top[1] + top[2];
    out[0][1] = top[1] - top[2] - top[3];
    out[1][0] = bottom[0] + bottom[1] + bottom[2];
    out[1][1] = bottom[1] - bottom[2] - bottom[3];
  }

  const Conv3x3Shape& shape_;
  WinogradWeights layout_;
  const WinogradScratch& scratch_;
  const Bf16* x_;
  const uint32_t* weights_;
  const float* bias_;
  Out* out_;
  int64_t first_ = 0, count_ = 0;
};

inline size_t winograd_scratch_bytes(const Conv3x3Shape& shape, int threads) {
  Carver carver;
  for (int i = 0; i < threads; ++i) WinogradScratch(shape, carver);
  return carver.bytes();
}

/// How a convolution is cut into pieces of work: blocks of tiles times groups of chunks of outputs.
struct WinogradCut {
  int64_t tiles, block, blocks;
  int64_t chunks, group, groups;

  WinogradCut(const Conv3x3Shape& shape, int threads)
      : tiles(shape.batch * ((shape.height + 1) / 2) * ((shape.width + 1) / 2)),
        chunks(chunk_count(WinogradWeights{shape.in, shape.out}.vectors())) {
    // Every block reads all weights of its outputs. Where they are many, a thread rather transforms the same
    // tiles again than reads the same weights again.
    constexpr int64_t kManyWeights = 1 << 18;
    const int64_t wanted = 2 * threads;
    const bool many = shape.in * shape.out >= kManyWeights;
    block = many ? kTilesMax : kTilesUsual;
    while (!many && block > BestDotBf16::kRows && block * wanted > tiles) block /= 2;
    blocks = (tiles + block - 1) / block;
    groups =
        many ? std::clamp<int64_t>((wanted + blocks - 1) / blocks, 1, std::max<int64_t>(1, chunks / 2)) : 1;
    group = (chunks + groups - 1) / groups;
  }
};

template <class Out>
void winograd(const Conv3x3Shape& shape, const Bf16* x, const void* weights, const float* bias, Out* out,
              void* scratch) {
  const WinogradCut cut(shape, omp_get_max_threads());
#pragma omp parallel
  {
    [[maybe_unused]] const BestDotBf16::Scope scope;
    Carver carver(scratch);
    for (int i = 0; i < omp_get_thread_num(); ++i) WinogradScratch(shape, carver);
    const WinogradScratch own(shape, carver);
    WinogradBlock<Out> block(shape, own, x, static_cast<const uint32_t*>(weights), bias, out);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < cut.blocks * cut.groups; ++i) {
      const int64_t first = i % cut.blocks * cut.block, begin = i / cut.blocks * cut.group;
      block.run(first, std::min(cut.block, cut.tiles - first), begin,
                std::min(begin + cut.group, cut.chunks));
    }
  }
}

}  // namespace limner::cpu::LIMNER_ISA
