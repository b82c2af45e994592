#include "backend/cpu/kernels/copies.h"

#include <cmath>
#include <cstring>

#include "backend/cpu/kernels/parallel.h"

namespace limner::cpu {
namespace {

const std::byte* bytes_at(const void* memory, int64_t index, size_t bytes) {
  return static_cast<const std::byte*>(memory) + static_cast<size_t>(index) * bytes;
}
std::byte* bytes_at(void* memory, int64_t index, size_t bytes) {
  return static_cast<std::byte*>(memory) + static_cast<size_t>(index) * bytes;
}

/// task(i) for i in [0, count), when one index moves `bytes`.
template <class Task>
void for_each_row(int64_t count, size_t bytes, Task task) {
  LIMNER_ISA::parallel_ranges(count, static_cast<int64_t>(bytes), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) task(i);
  });
}

/// The source row of padded row `i`, or -1 where there are zeros.
int64_t padded_source(int64_t i, int64_t before, int64_t extent, bool circular) {
  const int64_t source = i - before;
  if (circular) return (source + extent) % extent;
  return source >= 0 && source < extent ? source : -1;
}

/// `count` pixels left or right of a row: zeros, or those at `wrapped`.
void pad_side(std::byte* out, const std::byte* wrapped, int64_t count, size_t pixel_bytes, bool circular) {
  const size_t bytes = static_cast<size_t>(count) * pixel_bytes;
  if (circular) {
    std::memcpy(out, wrapped, bytes);
  } else {
    std::memset(out, 0, bytes);
  }
}

/// Moves the channels of deep pixels to the factor x factor flat pixels they stand for, or back.
template <class Word, bool kShuffle>
void shuffle(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t factor, const void* x,
             void* out) {
  const auto* source = static_cast<const Word*>(x);
  auto* target = static_cast<Word*>(out);
  const int64_t square = factor * factor, flat_row = width * factor * channels;
  for_each_row(batch * height, static_cast<size_t>(flat_row * factor) * sizeof(Word), [=](int64_t row) {
    for (int64_t i = 0; i < width * square; ++i) {
      const int64_t pixel = i / square, dy = i % square / factor, dx = i % factor;
      const int64_t deep = (row * width + pixel) * channels * square + dy * factor + dx;
      const int64_t flat = (row * factor + dy) * flat_row + (pixel * factor + dx) * channels;
      for (int64_t c = 0; c < channels; ++c) {
        if constexpr (kShuffle) {
          target[flat + c] = source[deep + c * square];
        } else {
          target[deep + c * square] = source[flat + c];
        }
      }
    }
  });
}

}  // namespace

void copy_rows(const void* source, size_t source_stride, void* out, size_t target_stride, size_t row_bytes,
               int64_t rows) {
  for_each_row(rows, row_bytes, [=](int64_t row) {
    std::memcpy(bytes_at(out, row, target_stride), bytes_at(source, row, source_stride), row_bytes);
  });
}

void pad_pictures(const Pictures& shape, const Padding& padding, const void* x, void* out) {
  const int64_t rows = shape.height + padding.top + padding.bottom;
  const size_t inner = static_cast<size_t>(shape.width) * shape.pixel_bytes;
  const size_t row_bytes =
      static_cast<size_t>(padding.left + shape.width + padding.right) * shape.pixel_bytes;
  for_each_row(shape.batch * rows, row_bytes, [&](int64_t row) {
    std::byte* target = bytes_at(out, row, row_bytes);
    const int64_t y = padded_source(row % rows, padding.top, shape.height, padding.circular_y);
    if (y < 0) {
      std::memset(target, 0, row_bytes);
      return;
    }
    const std::byte* source = bytes_at(x, row / rows * shape.height + y, inner);
    std::byte* middle = bytes_at(target, padding.left, shape.pixel_bytes);
    pad_side(target, bytes_at(source, shape.width - padding.left, shape.pixel_bytes), padding.left,
             shape.pixel_bytes, padding.circular_x);
    std::memcpy(middle, source, inner);
    pad_side(middle + inner, source, padding.right, shape.pixel_bytes, padding.circular_x);
  });
}

void upsample_nearest(const Pictures& shape, int64_t height, int64_t width, const void* x, void* out) {
  const size_t row_bytes = static_cast<size_t>(width) * shape.pixel_bytes;
  for_each_row(shape.batch * height, row_bytes, [&](int64_t row) {
    const int64_t y = row % height * shape.height / height;
    const std::byte* source = bytes_at(x, (row / height * shape.height + y) * shape.width, shape.pixel_bytes);
    std::byte* target = bytes_at(out, row, row_bytes);
    for (int64_t i = 0; i < width; ++i, target += shape.pixel_bytes) {
      std::memcpy(target, bytes_at(source, i * shape.width / width, shape.pixel_bytes), shape.pixel_bytes);
    }
  });
}

void pixel_shuffle(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t factor,
                   size_t element_bytes, const void* x, void* out) {
  if (element_bytes == 4) return shuffle<uint32_t, true>(batch, height, width, channels, factor, x, out);
  shuffle<uint16_t, true>(batch, height, width, channels, factor, x, out);
}

void pixel_unshuffle(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t factor,
                     size_t element_bytes, const void* x, void* out) {
  if (element_bytes == 4) return shuffle<uint32_t, false>(batch, height, width, channels, factor, x, out);
  shuffle<uint16_t, false>(batch, height, width, channels, factor, x, out);
}

void gather_rows(const void* table, size_t row_bytes, std::span<const int32_t> ids, void* out) {
  for_each_row(static_cast<int64_t>(ids.size()), row_bytes, [=](int64_t i) {
    std::memcpy(bytes_at(out, i, row_bytes), bytes_at(table, ids[static_cast<size_t>(i)], row_bytes),
                row_bytes);
  });
}

void take_row(const void* x, int64_t tokens, size_t row_bytes, std::span<const int32_t> rows, void* out) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto picture = static_cast<int64_t>(i);
    std::memcpy(bytes_at(out, picture, row_bytes), bytes_at(x, picture * tokens + rows[i], row_bytes),
                row_bytes);
  }
}

void sinusoid_embedding(const op::SinusoidEmbedding& op, std::span<const float> x, float* out) {
  const int64_t half = op.width / 2;
  const auto log_period = static_cast<float>(std::log(static_cast<double>(op.max_period)));
  for (const float value : x) {
    float* sines = op.flip_sin_to_cos ? out + half : out;
    float* cosines = op.flip_sin_to_cos ? out : out + half;
    for (int64_t i = 0; i < half; ++i) {
      const float exponent = -log_period * static_cast<float>(i) / (static_cast<float>(half) - op.shift);
      const auto frequency = static_cast<float>(std::exp(static_cast<double>(exponent)));
      const auto angle = static_cast<double>(op.scale * (value * frequency));
      sines[i] = static_cast<float>(std::sin(angle));
      cosines[i] = static_cast<float>(std::cos(angle));
    }
    if (op.width % 2 != 0) out[op.width - 1] = 0;
    out += op.width;
  }
}

}  // namespace limner::cpu
