#include "nets/depthwise.h"

namespace limner {
namespace {

// [rows, n] -> [rows, border + n + border].
Value pad_rows(Graph& g, Value x, int64_t border) {
  const Value zeros = g.affine(g.slice(x, 0, border), 0);
  return g.concat({zeros, x, zeros});
}

// Of pairs of `width` elements the second: [rows, 2 width] -> [rows, width].
Value second_of_pairs(Graph& g, Value x, int64_t rows, int64_t width) {
  return g.slice(g.reshape(x, Shape{rows, 2 * width}), width, width);
}

}  // namespace

Value depthwise_3x3(Graph& g, Value x, const Scope& scope, int64_t stride) {
  const Shape in = g.shape(x);
  LIMNER_CHECK(in.rank() == 4 && (stride == 1 || stride == 2), "pictures, all pixels or every second");
  const int64_t batch = in[0], height = in[1], width = in[2], channels = in[3];
  const int64_t line = (width + 2) * channels;
  // A border of one pixel: left and right of each line, then a line above and below.
  const Value wide = pad_rows(g, g.reshape(x, Shape{batch * height, width * channels}), channels);
  const Value padded = pad_rows(g, g.reshape(wide, Shape{batch, height * line}), line);
  const Value taps = g.constant((scope / "weight").path, Shape{9, channels}, Shape{1, 9 * channels});
  Value sum;
  for (int64_t dy = 0; dy < 3; ++dy) {
    const Value lines = g.reshape(g.slice(padded, dy * line, height * line), Shape{batch * height, line});
    for (int64_t dx = 0; dx < 3; ++dx) {
      const Value pixels =
          g.reshape(g.slice(lines, dx * channels, width * channels), Shape{batch * height * width, channels});
      const Value product = g.mul(pixels, g.slice(taps, (dy * 3 + dx) * channels, channels));
      sum = sum.valid() ? g.add(sum, product) : product;
    }
  }
  if (stride == 2) {
    LIMNER_CHECK(height % 2 == 0 && width % 2 == 0, "every second pixel of an even picture");
    sum = second_of_pairs(g, sum, batch * height / 2, width * channels);
    sum = second_of_pairs(g, sum, batch * height / 2 * width / 2, channels);
  }
  const Value bias = g.constant((scope / "bias").path, Shape{channels}, Shape{1, channels});
  sum = g.add(g.reshape(sum, Shape{batch * (height / stride) * (width / stride), channels}), bias);
  return g.reshape(sum, Shape{batch, height / stride, width / stride, channels});
}

}  // namespace limner
