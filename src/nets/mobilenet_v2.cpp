#include "nets/mobilenet_v2.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "nets/depthwise.h"
#include "nets/layer_shape.h"
#include "nets/pooling.h"

namespace limner {
namespace {

constexpr LayerBounds kMobileNetV2Layers{"MobileNetV2", 8192};
constexpr size_t kBlocks = 17;
// Table 2 of the paper: the first block of the stages that halve the picture.
constexpr size_t kHalving[] = {1, 3, 6, 13};

int64_t stride_of(size_t block) {
  return std::find(std::begin(kHalving), std::end(kHalving), block) == std::end(kHalving) ? 1 : 2;
}

Scope numbered_block(size_t block) { return Scope{"block"} / static_cast<int64_t>(block); }

// min(max(x, 0), 6) in relus.
Value relu6(Graph& g, Value x) { return g.affine(g.relu(g.affine(g.relu(x), -1, 6)), -1, 6); }

Value inverted_residual(Graph& g, Value x, size_t index, const MobileNetV2Config::Block& block) {
  const Scope scope = numbered_block(index);
  const int64_t stride = stride_of(index);
  Value h = x;
  if (block.expands) h = relu6(g, g.conv2d(h, scope / "expand", {.out = block.inner, .kernel = 1}));
  h = relu6(g, depthwise_3x3(g, h, scope / "depthwise", stride));
  h = g.conv2d(h, scope / "project", {.out = block.out, .kernel = 1});
  return stride == 1 && g.shape(x) == g.shape(h) ? g.add(h, x) : h;
}

}  // namespace

Result<MobileNetV2Config> infer_mobilenet_v2(const WeightSource& weights, std::string_view field) {
  MobileNetV2Config config;
  config.stem = TRY(layer_shape(weights, Scope{"stem"}, 4, kMobileNetV2Layers, field))[0];
  for (size_t i = 0; i < kBlocks; ++i) {
    MobileNetV2Config::Block block;
    block.expands = has_layer(weights, numbered_block(i) / "expand");
    block.inner = TRY(layer_shape(weights, numbered_block(i) / "depthwise", 2, kMobileNetV2Layers, field))[1];
    block.out = TRY(layer_shape(weights, numbered_block(i) / "project", 4, kMobileNetV2Layers, field))[0];
    const int64_t before = i ? config.blocks.back().out : config.stem;
    if (!block.expands && block.inner != before)
      return unsupported(std::string(field), fmt::format("no MobileNetV2: block {} does not fit", i));
    config.blocks.push_back(block);
  }
  config.head = TRY(layer_shape(weights, Scope{"head"}, 4, kMobileNetV2Layers, field))[0];
  if (config.head % 8 != 0)
    return unsupported(std::string(field), fmt::format("a MobileNetV2 of {} features", config.head));
  config.dense_1 = TRY(layer_shape(weights, Scope{"dense_1"}, 2, kMobileNetV2Layers, field))[0];
  config.dense_2 = TRY(layer_shape(weights, Scope{"dense_2"}, 2, kMobileNetV2Layers, field))[0];
  config.classes = TRY(layer_shape(weights, Scope{"dense_3"}, 2, kMobileNetV2Layers, field))[0];
  return config;
}

Graph describe_mobilenet_v2(const MobileNetV2Config& config, int64_t batch) {
  Graph g;
  Value x = g.input("picture", Shape{batch, config.side, config.side, 3});
  x = relu6(g, g.conv2d(x, Scope{"stem"}, {.out = config.stem, .stride = 2, .pad = {{0, 0, 1, 1}}}));
  for (size_t i = 0; i < config.blocks.size(); ++i) x = inverted_residual(g, x, i, config.blocks[i]);
  x = relu6(g, g.conv2d(x, Scope{"head"}, {.out = config.head, .kernel = 1}));
  x = mean_over_positions(g, x);
  x = g.relu(g.linear(x, Scope{"dense_1"}, config.dense_1));
  x = g.relu(g.linear(x, Scope{"dense_2"}, config.dense_2));
  g.output("logits", g.linear(x, Scope{"dense_3"}, config.classes));
  return g;
}

}  // namespace limner
