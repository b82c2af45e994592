#include "nets/open_nsfw.h"

#include <fmt/format.h>

#include "nets/layer_shape.h"
#include "nets/pooling.h"

namespace limner {
namespace {

constexpr LayerBounds kOpenNsfwLayers{"open_nsfw", 4096};
constexpr int64_t kExpansion = 4;

Scope stage_block(size_t stage, int64_t block) { return Scope{fmt::format("stage{}", stage)} / block; }

Value bottleneck(Graph& g, Value x, const Scope& scope, int64_t width, int64_t stride, bool first) {
  Value h = g.relu(g.conv2d(x, scope / "branch2a", {.out = width, .kernel = 1, .stride = stride}));
  h = g.relu(g.conv2d(h, scope / "branch2b", {.out = width}));
  h = g.conv2d(h, scope / "branch2c", {.out = kExpansion * width, .kernel = 1});
  if (first) x = g.conv2d(x, scope / "shortcut", {.out = kExpansion * width, .kernel = 1, .stride = stride});
  return g.relu(g.add(h, x));
}

}  // namespace

Result<OpenNsfwConfig> infer_open_nsfw(const WeightSource& weights, std::string_view field) {
  OpenNsfwConfig config;
  config.stem = TRY(layer_shape(weights, Scope{"conv_1"}, 4, kOpenNsfwLayers, field))[0];
  config.width = TRY(layer_shape(weights, stage_block(0, 0) / "branch2b", 4, kOpenNsfwLayers, field))[0];
  config.classes = TRY(layer_shape(weights, Scope{"fc"}, 2, kOpenNsfwLayers, field))[0];
  constexpr int64_t kBlocksMax = 64;
  for (size_t stage = 0; stage < config.blocks.size(); ++stage) {
    int64_t& count = config.blocks[stage];
    count = 0;
    while (count <= kBlocksMax && has_layer(weights, stage_block(stage, count) / "branch2a")) ++count;
    if (count < 1 || count > kBlocksMax)
      return unsupported(std::string(field),
                         fmt::format("no open_nsfw: stage {} has {} blocks", stage, count));
  }
  if (config.width % 8 != 0)
    return unsupported(std::string(field), fmt::format("an open_nsfw of {} channels", config.width));
  return config;
}

Graph describe_open_nsfw(const OpenNsfwConfig& config, int64_t batch) {
  Graph g;
  Value x = g.input("picture", Shape{batch, config.side, config.side, 3});
  x = g.relu(g.conv2d(x, Scope{"conv_1"}, {.out = config.stem, .kernel = 7, .stride = 2}));
  x = max_pool_half(g, x);
  int64_t width = config.width;
  for (size_t stage = 0; stage < config.blocks.size(); ++stage) {
    for (int64_t block = 0; block < config.blocks[stage]; ++block) {
      const int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      x = bottleneck(g, x, stage_block(stage, block), width, stride, block == 0);
    }
    width *= 2;
  }
  g.output("logits", g.linear(mean_over_positions(g, x), Scope{"fc"}, config.classes));
  return g;
}

}  // namespace limner
