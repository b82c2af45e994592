#include "nets/open_nsfw.h"

#include <gtest/gtest.h>

#include "nets/named_shapes_test.h"
#include "nets/pooling.h"

namespace limner {
namespace {

using test::weights_of;

TEST(OpenNsfw, SizesComeBackFromTheWeights) {
  const OpenNsfwConfig kConfigs[] = {{}, {.stem = 8, .width = 8, .blocks = {1, 2, 1, 1}, .classes = 5}};
  for (const OpenNsfwConfig& config : kConfigs) {
    const Graph graph = describe_open_nsfw(config, 2);
    const auto inferred = infer_open_nsfw(weights_of(graph), "net.safetensors");
    ASSERT_TRUE(inferred) << inferred.error().text();
    EXPECT_EQ(inferred->stem, config.stem);
    EXPECT_EQ(inferred->width, config.width);
    EXPECT_EQ(inferred->blocks, config.blocks);
    EXPECT_EQ(inferred->classes, config.classes);
    EXPECT_EQ(graph.shape(graph.outputs().front().value), (Shape{2, config.classes}));
  }
}

TEST(OpenNsfw, IsTheNetworkOfThePaper) {
  int64_t parameters = 0;
  for (const Graph::WeightUse& use : describe_open_nsfw({}, 1).weights()) parameters += use.shape.count();
  EXPECT_EQ(parameters, 5'891'266);
}

TEST(OpenNsfw, RefusesOtherNets) {
  test::NamedShapes weights;
  EXPECT_EQ(infer_open_nsfw(weights, "net").error().code, Code::unsupported);
  weights = weights_of(describe_open_nsfw({}, 1));
  weights.shapes["fc.weight"] = Shape{2, 1024, 1};
  EXPECT_EQ(infer_open_nsfw(weights, "net").error().code, Code::unsupported);
  weights = weights_of(describe_open_nsfw({}, 1));
  weights.shapes.erase("stage2.0.branch2a.weight");
  EXPECT_EQ(infer_open_nsfw(weights, "net").error().code, Code::unsupported);
}

TEST(Pooling, Shapes) {
  Graph g;
  const Value x = g.input("x", Shape{2, 6, 10, 16});
  EXPECT_EQ(g.shape(max_pool_half(g, x)), (Shape{2, 3, 5, 16}));
  EXPECT_EQ(g.shape(mean_over_positions(g, x)), (Shape{2, 16}));
}

}  // namespace
}  // namespace limner
