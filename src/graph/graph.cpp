#include "graph/graph.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace limner {
namespace {

std::string weight_of(const Scope& scope) { return (scope / "weight").path; }
std::string bias_of(const Scope& scope) { return (scope / "bias").path; }

/// Whether `b`, right-aligned under `a`, equals it or is one in every axis.
bool broadcasts(const Shape& a, const Shape& b) {
  if (b.rank() > a.rank()) return false;
  const size_t lead = a.rank() - b.rank();
  for (size_t axis = 0; axis < b.rank(); ++axis) {
    if (b[axis] != 1 && b[axis] != a[lead + axis]) return false;
  }
  return true;
}

bool is_positive(const Shape& shape) {
  return std::all_of(shape.dims().begin(), shape.dims().end(), [](int64_t extent) { return extent > 0; });
}

Shape with_channels(Shape shape, int64_t channels) {
  shape.back() = channels;
  return shape;
}

int64_t convolved(int64_t extent, int64_t padding, int64_t kernel, int64_t stride) {
  LIMNER_CHECK(extent + padding >= kernel, "a convolution's input covers its kernel");
  return (extent + padding - kernel) / stride + 1;
}

}  // namespace

Value Graph::push(op::Any op, std::vector<Value> inputs, Shape shape) {
  for (const Value input : inputs) {
    LIMNER_CHECK(input.valid() && static_cast<size_t>(input.index) < nodes_.size(), "a value of this graph");
  }
  LIMNER_CHECK(is_positive(shape), "extents are at least one");
  nodes_.push_back(Node{std::move(op), std::move(inputs), shape});
  return Value{static_cast<int32_t>(nodes_.size() - 1)};
}

Value Graph::input(std::string name, Shape shape) {
  return push(op::Input{std::move(name), false}, {}, shape);
}

Value Graph::input_ids(std::string name, Shape shape) {
  return push(op::Input{std::move(name), true}, {}, shape);
}

Value Graph::constant(std::string weight, Shape stored, Shape shape) {
  LIMNER_CHECK(stored.count() == shape.count(), "a constant keeps its element count");
  return push(op::Constant{std::move(weight), stored}, {}, shape);
}

Value Graph::linear(Value x, const Scope& scope, int64_t out, bool bias) {
  LIMNER_CHECK(shape(x).rank() >= 1, "linear takes at least a vector");
  const op::Linear op{weight_of(scope), bias ? bias_of(scope) : "", shape(x).back(), out};
  return push(op, {x}, with_channels(shape(x), out));
}

Value Graph::conv2d(Value x, const Scope& scope, const Conv2dOptions& options) {
  const Shape& in = shape(x);
  LIMNER_CHECK(in.rank() == 4, "conv2d takes [B, H, W, C]");
  LIMNER_CHECK(options.kernel > 0 && options.stride > 0, "kernel and stride are at least one");
  const int64_t same = options.padding < 0 ? options.kernel / 2 : options.padding;
  const auto pad = options.pad.value_or(std::array<int64_t, 4>{same, same, same, same});
  LIMNER_CHECK(*std::min_element(pad.begin(), pad.end()) >= 0, "padding is not negative");
  op::Conv2d op{.weight = weight_of(scope),
                .bias = options.bias ? bias_of(scope) : "",
                .in = in.back(),
                .out = options.out,
                .kernel = options.kernel,
                .stride = options.stride,
                .pad_top = pad[0],
                .pad_left = pad[1],
                .pad_bottom = pad[2],
                .pad_right = pad[3],
                .circular_x = options_.tile_x && pad[1] + pad[3] > 0,
                .circular_y = options_.tile_y && pad[0] + pad[2] > 0,
                .few_pixels = options.few_pixels};
  LIMNER_CHECK(!op.circular_x || std::max(pad[1], pad[3]) <= in[2], "wrapping reaches around once at most");
  LIMNER_CHECK(!op.circular_y || std::max(pad[0], pad[2]) <= in[1], "wrapping reaches around once at most");
  const int64_t height = convolved(in[1], pad[0] + pad[2], op.kernel, op.stride);
  const int64_t width = convolved(in[2], pad[1] + pad[3], op.kernel, op.stride);
  return push(std::move(op), {x}, Shape{in[0], height, width, options.out});
}

Value Graph::group_norm(Value x, const Scope& scope, int64_t groups, float eps) {
  LIMNER_CHECK(shape(x).rank() == 4, "group_norm takes [B, H, W, C]");
  LIMNER_CHECK(groups > 0 && shape(x).back() % groups == 0, "channels are a multiple of the groups");
  return push(op::GroupNorm{weight_of(scope), bias_of(scope), groups, eps}, {x}, shape(x));
}

Value Graph::layer_norm(Value x, const Scope& scope, float eps) {
  LIMNER_CHECK(shape(x).rank() >= 1, "layer_norm takes at least a vector");
  return push(op::LayerNorm{weight_of(scope), bias_of(scope), eps}, {x}, shape(x));
}

Value Graph::attention(Value q, Value k, Value v, int64_t heads, bool causal, float scale) {
  const Shape& queries = shape(q);
  const Shape& keys = shape(k);
  LIMNER_CHECK(queries.rank() == 3 && keys.rank() == 3, "attention takes [B, S, C]");
  LIMNER_CHECK(keys == shape(v), "a value for every key, of the same width");
  LIMNER_CHECK(queries[0] == keys[0] && queries[2] == keys[2], "queries and keys agree in batch and width");
  LIMNER_CHECK(heads > 0 && queries[2] % heads == 0, "the width is a multiple of the heads");
  LIMNER_CHECK(!causal || queries[1] == keys[1], "causal attention has as many queries as keys");
  const int64_t head_width = queries[2] / heads;
  if (scale == 0) scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_width)));
  return push(op::Attention{heads, scale, causal}, {q, k, v}, queries);
}

Value Graph::activation(Value x, op::Activation kind, float parameter) {
  LIMNER_CHECK(kind != op::Activation::soft_clip || parameter > 0, "soft_clip's limit is positive");
  return push(op::Unary{kind, parameter}, {x}, shape(x));
}

Value Graph::prelu(Value x, const Scope& scope) {
  LIMNER_CHECK(shape(x).rank() >= 1, "prelu takes at least a vector");
  return push(op::PRelu{weight_of(scope)}, {x}, shape(x));
}

Value Graph::geglu(Value x) {
  LIMNER_CHECK(shape(x).rank() >= 1 && shape(x).back() % 2 == 0, "geglu halves the last axis");
  return push(op::Geglu{}, {x}, with_channels(shape(x), shape(x).back() / 2));
}

Value Graph::add(Value a, Value b) {
  LIMNER_CHECK(broadcasts(shape(a), shape(b)), "add repeats only its second operand");
  return push(op::Add{}, {a, b}, shape(a));
}

Value Graph::mul(Value a, Value b) {
  LIMNER_CHECK(broadcasts(shape(a), shape(b)), "mul repeats only its second operand");
  return push(op::Mul{}, {a, b}, shape(a));
}

Value Graph::affine(Value x, float factor, float offset) {
  return push(op::Affine{factor, offset}, {x}, shape(x));
}

Value Graph::concat(std::vector<Value> parts) {
  LIMNER_CHECK(!parts.empty(), "concat takes at least one value");
  Shape joined = shape(parts.front());
  for (size_t i = 1; i < parts.size(); ++i) {
    const Shape& part = shape(parts[i]);
    LIMNER_CHECK(with_channels(part, 1) == with_channels(joined, 1), "parts differ only in the last axis");
    joined.back() += part.back();
  }
  return push(op::Concat{}, std::move(parts), joined);
}

Value Graph::slice(Value x, int64_t begin, int64_t count) {
  LIMNER_CHECK(begin >= 0 && count > 0 && begin + count <= shape(x).back(), "a slice lies inside");
  return push(op::Slice{begin, count}, {x}, with_channels(shape(x), count));
}

Value Graph::upsample_nearest(Value x, int64_t height, int64_t width) {
  const Shape& in = shape(x);
  LIMNER_CHECK(in.rank() == 4, "upsample_nearest takes [B, H, W, C]");
  return push(op::UpsampleNearest{height, width}, {x}, Shape{in[0], height, width, in[3]});
}

Value Graph::pixel_shuffle(Value x, int64_t factor) {
  const Shape& in = shape(x);
  LIMNER_CHECK(in.rank() == 4 && factor > 0 && in[3] % (factor * factor) == 0, "channels hold whole blocks");
  const Shape out{in[0], in[1] * factor, in[2] * factor, in[3] / (factor * factor)};
  return push(op::PixelShuffle{factor}, {x}, out);
}

Value Graph::pixel_unshuffle(Value x, int64_t factor) {
  const Shape& in = shape(x);
  LIMNER_CHECK(in.rank() == 4 && factor > 0 && in[1] % factor == 0 && in[2] % factor == 0,
               "the picture holds whole blocks");
  const Shape out{in[0], in[1] / factor, in[2] / factor, in[3] * factor * factor};
  return push(op::PixelUnshuffle{factor}, {x}, out);
}

Value Graph::embedding(Value ids, const Scope& scope, int64_t rows, int64_t width) {
  LIMNER_CHECK(shape(ids).rank() == 2, "embedding takes ids [B, S]");
  return push(op::Embedding{weight_of(scope), rows, width}, {ids},
              Shape{shape(ids)[0], shape(ids)[1], width});
}

Value Graph::sinusoid_embedding(Value x, const op::SinusoidEmbedding& options) {
  const Shape& in = shape(x);
  LIMNER_CHECK(in.rank() == 1 || in.rank() == 2, "sinusoid_embedding takes [B] or [B, n]");
  LIMNER_CHECK(options.width > 0 && options.width % 2 == 0, "half sines, half cosines");
  const int64_t count = in.rank() == 2 ? in[1] : 1;
  return push(options, {x}, Shape{in[0], count * options.width});
}

Value Graph::take_row(Value x, Value row) {
  const Shape& in = shape(x);
  LIMNER_CHECK(in.rank() == 3 && shape(row) == Shape{in[0]}, "take_row takes [B, S, C] and [B]");
  return push(op::TakeRow{}, {x, row}, Shape{in[0], in[2]});
}

Value Graph::reshape(Value x, Shape target) {
  LIMNER_CHECK(target.count() == shape(x).count(), "reshape keeps the element count");
  return push(op::Reshape{}, {x}, target);
}

void Graph::output(std::string name, Value value) {
  LIMNER_CHECK(value.valid() && static_cast<size_t>(value.index) < nodes_.size(), "a value of this graph");
  outputs_.push_back(GraphOutput{std::move(name), value});
}

void Graph::compute_in_int8(const std::set<std::string, std::less<>>& weights) {
  for (Node& node : nodes_) {
    if (auto* linear = std::get_if<op::Linear>(&node.op)) linear->int8 = weights.contains(linear->weight);
    auto* convolution = std::get_if<op::Conv2d>(&node.op);
    if (!convolution) continue;
    if (convolution->is_linear()) convolution->int8 = weights.contains(convolution->weight);
    convolution->compact = convolution->few_pixels && !weights.empty();
  }
}

}  // namespace limner
