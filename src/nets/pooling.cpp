#include "nets/pooling.h"

namespace limner {
namespace {

// max(a, b) = b + relu(a - b).
Value larger(Graph& g, Value a, Value b) { return g.add(g.relu(g.add(a, g.affine(b, -1))), b); }

// Of x [B, n, 2w], pairs of w: the largest of each pair and the first of the next, zeros behind the last.
Value max_of_pairs(Graph& g, Value x, int64_t width) {
  const int64_t batch = g.shape(x)[0], count = g.shape(x)[1];
  const Value first = g.slice(x, 0, width), second = g.slice(x, width, width);
  Value next;
  const Value zeros = g.affine(g.slice(g.reshape(first, Shape{batch, count * width}), 0, width), 0);
  if (count > 1) {
    const Value flat = g.reshape(first, Shape{batch, count * width});
    next = g.concat({g.slice(flat, width, (count - 1) * width), zeros});
  } else {
    next = zeros;
  }
  return larger(g, larger(g, first, second), g.reshape(next, Shape{batch, count, width}));
}

}  // namespace

Value max_pool_half(Graph& g, Value x) {
  const Shape in = g.shape(x);
  LIMNER_CHECK(in.rank() == 4 && in[1] % 2 == 0 && in[2] % 2 == 0, "halves of even pictures");
  const int64_t batch = in[0], rows = in[1] / 2, columns = in[2] / 2, channels = in[3];
  const Value y = max_of_pairs(g, g.reshape(x, Shape{batch, rows, 2 * in[2] * channels}), in[2] * channels);
  const Value lines = g.reshape(y, Shape{batch * rows, columns, 2 * channels});
  return g.reshape(max_of_pairs(g, lines, channels), Shape{batch, rows, columns, channels});
}

Value mean_over_positions(Graph& g, Value x) {
  const Shape in = g.shape(x);
  LIMNER_CHECK(in.rank() == 4 && in[3] % 8 == 0, "pictures of whole heads");
  const int64_t width = in[3] % 64 == 0 ? 64 : 8;
  const Value sequence = g.reshape(x, Shape{in[0], in[1] * in[2], in[3]});
  // A query that is like no key attends to all of them alike.
  const Value one = g.slice(g.reshape(x, Shape{in[0], in[1] * in[2] * in[3]}), 0, in[3]);
  const Value query = g.reshape(g.affine(one, 0), Shape{in[0], 1, in[3]});
  return g.reshape(g.attention(query, sequence, sequence, in[3] / width), Shape{in[0], in[3]});
}

}  // namespace limner
