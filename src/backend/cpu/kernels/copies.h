#pragma once
// Operators that only move elements: the same code on every CPU, and (but for the sinusoids) for every
// element type of the given size. Contiguous, channels last; outputs must not overlap inputs. Threads and
// determinism as in kernels.h.

#include <cstddef>
#include <cstdint>
#include <span>

#include "graph/ops.h"
#include "tensor/dtype.h"

namespace limner::cpu {

/// A batch of pictures; `pixel_bytes` = channels * bytes of an element.
struct Pictures {
  int64_t batch = 1, height = 0, width = 0;
  size_t pixel_bytes = 0;
};

/// Pixels to add at each side.
struct Padding {
  int64_t top = 0, left = 0, bottom = 0, right = 0;
  bool circular_x = false, circular_y = false;  ///< wrap around instead of zeros; then padding <= extent
};

/// `rows` rows of `row_bytes`, from rows `source_stride` apart to rows `target_stride` apart (bytes): one
/// part of a concatenation, or a slice, along the last axis.
void copy_rows(const void* source, size_t source_stride, void* out, size_t target_stride, size_t row_bytes,
               int64_t rows);
/// -> [batch, height + top + bottom, width + left + right, ..], with zero bytes or the opposite side around.
void pad_pictures(const Pictures& shape, const Padding& padding, const void* x, void* out);
/// -> [batch, height, width, ..]: pixel (y, x) is the source's (floor(y h / height), floor(x w / width)).
void upsample_nearest(const Pictures& shape, int64_t height, int64_t width, const void* x, void* out);
/// x [batch, height, width, channels * factor^2] -> [batch, height * factor, width * factor, channels],
/// channel (c, dy, dx) of a pixel to its place (dy, dx), as PyTorch. element_bytes 2 or 4.
void pixel_shuffle(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t factor,
                   size_t element_bytes, const void* x, void* out);
/// The inverse: height, width and channels are those of the smaller, deeper side divided as in
/// pixel_shuffle().
void pixel_unshuffle(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t factor,
                     size_t element_bytes, const void* x, void* out);
/// out[i] = table row ids[i]. Ids must be inside the table.
void gather_rows(const void* table, size_t row_bytes, std::span<const int32_t> ids, void* out);
/// x [batch, tokens, ..row_bytes], one row number a picture -> out [batch, ..].
void take_row(const void* x, int64_t tokens, size_t row_bytes, std::span<const int32_t> rows, void* out);
/// x [count] -> out [count, width] as op::SinusoidEmbedding says (diffusers' get_timestep_embedding): angles
/// are f32 products rounded as there, sines and cosines exact to the last bit of f32. An odd width ends in a
/// zero.
void sinusoid_embedding(const op::SinusoidEmbedding& op, std::span<const float> x, float* out);

}  // namespace limner::cpu
