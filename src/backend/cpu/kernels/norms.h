#pragma once
// Group and layer normalisation.

#include <cmath>
#include <cstddef>

#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/parallel.h"
#include "backend/cpu/kernels/scratch.h"
#include "backend/cpu/kernels/vec_rough.h"

namespace limner::cpu::LIMNER_ISA {

/// Sum of some values and of their squared distances from their own mean.
struct Moments {
  double sum = 0, squares = 0;
};

/// Pixels whose moments are taken together: few enough that f32 sums down a channel stay exact to ~1e-7 and
/// that the second pass finds the block in the cache.
inline int64_t block_pixels(const GroupNormShape& shape) {
  return std::clamp<int64_t>((int64_t{1} << 14) / shape.channels, 1, 64);
}
inline int64_t block_count(const GroupNormShape& shape) {
  return (shape.pixels + block_pixels(shape) - 1) / block_pixels(shape);
}

/// Where group_norm() keeps its intermediate results.
struct GroupNormScratch {
  Moments* moments;  ///< [batch, blocks, groups]
  float* center;     ///< [batch, channels]: y = (x - center) factor + offset
  float* factor;     ///< [batch, channels]
  float* offset;     ///< [batch, channels]
  float* sums;       ///< [threads, channels]
  float* means;      ///< [threads, channels]

  GroupNormScratch(const GroupNormShape& shape, int threads, Carver& carver)
      : moments(carver.take<Moments>(shape.batch * block_count(shape) * shape.groups)),
        center(carver.take<float>(shape.batch * shape.channels)),
        factor(carver.take<float>(shape.batch * shape.channels)),
        offset(carver.take<float>(shape.batch * shape.channels)),
        sums(carver.take<float>(threads * shape.channels)),
        means(carver.take<float>(threads * shape.channels)) {}
};

inline size_t group_norm_scratch_bytes(const GroupNormShape& shape, int threads) {
  Carver carver;
  GroupNormScratch(shape, threads, carver);
  return carver.bytes();
}

/// sums[c] = sum over `rows` pixels of term(x[row, c], c).
template <class T, class Term>
inline void sum_channels(const T* x, int64_t rows, int64_t channels, float* sums, Term term) {
  for (int64_t row = 0; row < rows; ++row) {
    const T* pixel = x + row * channels;
    for_lanes(channels, [=](int64_t c, auto lanes) {
      const F sum = row == 0 ? F{} : load(sums + c, lanes);
      store(sums + c, sum + term(load(pixel + c, lanes), c, lanes), lanes);
    });
  }
}

inline double sum_f64(const float* x, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += x[i];
  return sum;
}

/// The moments of every group over one block of pixels. sums, means: room for a row of channels.
template <class T>
inline void block_moments(const GroupNormShape& shape, const T* x, int64_t rows, float* sums, float* means,
                          Moments* moments) {
  const int64_t width = shape.channels / shape.groups;
  sum_channels(x, rows, shape.channels, sums, [](F v, int64_t, auto) { return v; });
  for (int64_t g = 0; g < shape.groups; ++g) {
    moments[g].sum = sum_f64(sums + g * width, width);
    std::fill_n(means + g * width, width,
                static_cast<float>(moments[g].sum / static_cast<double>(rows * width)));
  }
  sum_channels(x, rows, shape.channels, sums, [means](F v, int64_t c, auto lanes) {
    const F d = v - load(means + c, lanes);
    return d * d;
  });
  for (int64_t g = 0; g < shape.groups; ++g) moments[g].squares = sum_f64(sums + g * width, width);
}

struct MeanVariance {
  double mean, variance;
};
/// Merges the blocks of one group of one picture; `moments` are that group's in the first block (Chan et al.
/// 1979).
inline MeanVariance merge_blocks(const GroupNormShape& shape, const Moments* moments) {
  const int64_t group_channels = shape.channels / shape.groups;
  const auto width = static_cast<double>(group_channels);
  const int64_t blocks = block_count(shape), rows = block_pixels(shape);
  const double total = static_cast<double>(shape.pixels) * width;
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < blocks; ++i) sum += moments[i * shape.groups].sum;
  const double mean = sum / total;
  for (int64_t i = 0; i < blocks; ++i) {
    const Moments& block = moments[i * shape.groups];
    const double count = static_cast<double>(std::min(rows, shape.pixels - i * rows)) * width;
    const double shift = block.sum / count - mean;
    squares += block.squares + count * shift * shift;
  }
  return {mean, squares / total};
}

template <class T>
void group_norm_statistics(const GroupNormShape& shape, const T* x, const float* weight, const float* bias,
                           const GroupNormScratch& scratch) {
  const int64_t blocks = block_count(shape), rows = block_pixels(shape), channels = shape.channels;
  parallel_for(shape.batch * blocks, [&](int64_t i) {
    const int64_t picture = i / blocks, first = i % blocks * rows, thread = omp_get_thread_num();
    block_moments(shape, x + (picture * shape.pixels + first) * channels,
                  std::min(rows, shape.pixels - first), scratch.sums + thread * channels,
                  scratch.means + thread * channels, scratch.moments + i * shape.groups);
  });
  parallel_for(shape.batch * shape.groups, [&](int64_t i) {
    const int64_t picture = i / shape.groups, group = i % shape.groups, width = channels / shape.groups;
    const auto [mean, variance] =
        merge_blocks(shape, scratch.moments + picture * blocks * shape.groups + group);
    const double scale = 1 / std::sqrt(variance + static_cast<double>(shape.eps));
    const auto center = static_cast<float>(mean);
    for (int64_t c = group * width; c < (group + 1) * width; ++c) {
      const double factor = scale * static_cast<double>(weight[c]);
      // What rounding took from the mean goes into the offset.
      const double offset = static_cast<double>(bias[c]) - (mean - static_cast<double>(center)) * factor;
      scratch.center[picture * channels + c] = center;
      scratch.factor[picture * channels + c] = static_cast<float>(factor);
      scratch.offset[picture * channels + c] = static_cast<float>(offset);
    }
  });
}

/// out = finish((x - center[c]) factor[c] + offset[c]) over rows of channels.
template <class T, class Finish>
inline void scale_and_shift(const T* x, int64_t rows, int64_t channels, const GroupNormScratch& scratch,
                            int64_t first, T* out, Finish finish) {
  const float* center = scratch.center + first;
  const float* factor = scratch.factor + first;
  const float* offset = scratch.offset + first;
  for (int64_t i = 0; i < rows * channels; i += channels) {
    for_lanes(channels, [=](int64_t c, auto lanes) {
      const F centered = load(x + i + c, lanes) - load(center + c, lanes);
      store(out + i + c, finish(fma(centered, load(factor + c, lanes), load(offset + c, lanes))), lanes);
    });
  }
}

template <class T>
void group_norm(const GroupNormShape& shape, const T* x, const float* weight, const float* bias, T* out,
                void* memory) {
  Carver carver(memory);
  const GroupNormScratch scratch(shape, omp_get_max_threads(), carver);
  group_norm_statistics(shape, x, weight, bias, scratch);
  const int64_t blocks = block_count(shape), rows = block_pixels(shape), channels = shape.channels;
  parallel_for(shape.batch * blocks, [&](int64_t i) {
    const int64_t picture = i / blocks, first = i % blocks * rows;
    const int64_t at = (picture * shape.pixels + first) * channels,
                  count = std::min(rows, shape.pixels - first);
    if (shape.silu) {
      scale_and_shift(x + at, count, channels, scratch, picture * channels, out + at,
                      [](F v) { return silu_for<T>(v); });
    } else {
      scale_and_shift(x + at, count, channels, scratch, picture * channels, out + at, [](F v) { return v; });
    }
  });
}

/// Sum of term(x[i]) over a row, in four chains.
template <class T, class Term>
inline float sum_row(const T* x, int64_t count, Term term) {
  F chains[4] = {};
  int64_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    for (int chain = 0; chain < 4; ++chain) chains[chain] += term(load(x + i + chain * kLanes), Full{});
  }
  for_lanes(count - i, [&](int64_t j, auto lanes) { chains[0] += term(load(x + i + j, lanes), lanes); });
  return sum_lanes((chains[0] + chains[1]) + (chains[2] + chains[3]));
}

/// Lanes beyond the end of a row count nothing.
inline F only(F x, Full) { return x; }
inline F only(F x, Part lanes) { return first_lanes(x, lanes.count, 0); }

template <class T>
void layer_norm(const LayerNormShape& shape, const T* x, const float* weight, const float* bias, T* out) {
  const int64_t width = shape.width;
  parallel_ranges(shape.rows, width, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const T* in = x + row * width;
      const float mean = sum_row(in, width, [](F v, auto) { return v; }) / static_cast<float>(width);
      const float squares =
          sum_row(in, width, [=](F v, auto lanes) { return only((v - mean) * (v - mean), lanes); });
      const float scale = 1 / std::sqrt(squares / static_cast<float>(width) + shape.eps);
      for_lanes(width, [=](int64_t i, auto lanes) {
        const F normal = (load(in + i, lanes) - mean) * scale;
        store(out + row * width + i, fma(normal, load(weight + i, lanes), load(bias + i, lanes)), lanes);
      });
    }
  });
}

}  // namespace limner::cpu::LIMNER_ISA
