#pragma once
// A network as a list of operators in the order in which they are written down. Describing one reads like the
// paper:
//   Value h = g.silu(g.group_norm(x, w / "norm1", 32, 1e-5f));
//   h = g.conv2d(h, w / "conv1", {.out = 320});
// Shapes are known at once: a graph is for one batch size and one resolution.

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "graph/ops.h"

namespace limner {

/// A place in the tree of weight names: Scope{"unet"} / "conv_in" names "unet.conv_in".
struct Scope {
  std::string path;
  Scope operator/(std::string_view name) const {
    return Scope{path.empty() ? std::string(name) : path + "." + std::string(name)};
  }
  Scope operator/(int64_t index) const { return *this / std::to_string(index); }
};

/// A handle to the result of a node of one graph.
struct Value {
  int32_t index = -1;
  bool valid() const { return index >= 0; }
};

struct Node {
  op::Any op;
  std::vector<Value> inputs;
  Shape shape;
};

struct GraphOutput {
  std::string name;
  Value value;
};

struct Conv2dOptions {
  int64_t out = 0;
  int64_t kernel = 3;
  int64_t stride = 1;
  int64_t padding = -1;  ///< all sides; -1: kernel / 2
  /// Overrides `padding` when set: top, left, bottom, right.
  std::optional<std::array<int64_t, 4>> pad = std::nullopt;
  bool bias = true;
  bool few_pixels = false;  ///< it reads pictures of the network's lowest resolution
};

/// How a whole graph is to be read: set once before describing.
struct GraphOptions {
  bool tile_x = false;  ///< every convolution wraps around in x: seamless pictures
  bool tile_y = false;
};

/// The builder and the result. Wrong shapes inside a description are our bug (LIMNER_CHECK), except where
/// they follow from a config: descriptions validate their config first.
class Graph {
 public:
  explicit Graph(GraphOptions options = {}) : options_(options) {}

  Value input(std::string name, Shape shape);
  Value input_ids(std::string name, Shape shape);
  /// A weight as a value of `shape` (same element count as `stored`).
  Value constant(std::string weight, Shape stored, Shape shape);
  /// Weight names are scope + ".weight" and ".bias" everywhere below.
  Value linear(Value x, const Scope& scope, int64_t out, bool bias = true);
  Value conv2d(Value x, const Scope& scope, const Conv2dOptions& options);
  Value group_norm(Value x, const Scope& scope, int64_t groups, float eps);
  Value layer_norm(Value x, const Scope& scope, float eps);
  /// scale 0 means 1/sqrt(head width).
  Value attention(Value q, Value k, Value v, int64_t heads, bool causal = false, float scale = 0);
  Value activation(Value x, op::Activation kind, float parameter = 0);
  Value silu(Value x) { return activation(x, op::Activation::silu); }
  Value relu(Value x) { return activation(x, op::Activation::relu); }
  Value prelu(Value x, const Scope& scope);
  Value geglu(Value x);
  Value add(Value a, Value b);
  Value mul(Value a, Value b);
  Value affine(Value x, float factor, float offset = 0);
  Value concat(std::vector<Value> parts);
  Value slice(Value x, int64_t begin, int64_t count);
  Value upsample_nearest(Value x, int64_t height, int64_t width);
  Value pixel_shuffle(Value x, int64_t factor);
  Value pixel_unshuffle(Value x, int64_t factor);
  Value embedding(Value ids, const Scope& scope, int64_t rows, int64_t width);
  Value sinusoid_embedding(Value x, const op::SinusoidEmbedding& options);
  Value take_row(Value x, Value row);
  Value reshape(Value x, Shape shape);

  void output(std::string name, Value value);

  /// Has every linear map (1x1 convolutions among them) whose weight is one of `weights` computed in 8 bits.
  /// Where there are any, convolutions of few pixels are made compact: there is most weight and least work.
  void compute_in_int8(const std::set<std::string, std::less<>>& weights);

  /// Valid until the next node is added.
  const Shape& shape(Value value) const {
    LIMNER_CHECK(value.valid() && static_cast<size_t>(value.index) < nodes_.size(), "a value of this graph");
    return nodes_[static_cast<size_t>(value.index)].shape;
  }
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<GraphOutput>& outputs() const { return outputs_; }
  /// Every weight the graph reads, with the shape it expects, in first-use order, each once.
  struct WeightUse {
    std::string name;
    Shape shape;
  };
  std::vector<WeightUse> weights() const;

 private:
  Value push(op::Any op, std::vector<Value> inputs, Shape shape);

  GraphOptions options_;
  std::vector<Node> nodes_;
  std::vector<GraphOutput> outputs_;
};

}  // namespace limner
