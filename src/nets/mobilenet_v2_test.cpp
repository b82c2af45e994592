#include "nets/mobilenet_v2.h"

#include <gtest/gtest.h>

#include "nets/depthwise.h"
#include "nets/named_shapes_test.h"

namespace limner {
namespace {

using test::weights_of;

// Table 2 of the paper at width 1.
MobileNetV2Config of_the_paper() {
  MobileNetV2Config config;
  struct Stage {
    int64_t expansion, out, count;
  };
  int64_t channels = config.stem;
  for (const auto [expansion, out, count] :
       {Stage{1, 16, 1}, Stage{6, 24, 2}, Stage{6, 32, 3}, Stage{6, 64, 4}, Stage{6, 96, 3}, Stage{6, 160, 3},
        Stage{6, 320, 1}})
    for (int64_t i = 0; i < count; ++i) {
      config.blocks.push_back({expansion * channels, out, expansion > 1});
      channels = out;
    }
  return config;
}

TEST(MobileNetV2, SizesComeBackFromTheWeights) {
  const MobileNetV2Config config = of_the_paper();
  const Graph graph = describe_mobilenet_v2(config, 2);
  const auto inferred = infer_mobilenet_v2(weights_of(graph), "net.safetensors");
  ASSERT_TRUE(inferred) << inferred.error().text();
  ASSERT_EQ(inferred->blocks.size(), config.blocks.size());
  for (size_t i = 0; i < config.blocks.size(); ++i) {
    EXPECT_EQ(inferred->blocks[i].inner, config.blocks[i].inner);
    EXPECT_EQ(inferred->blocks[i].out, config.blocks[i].out);
    EXPECT_EQ(inferred->blocks[i].expands, config.blocks[i].expands);
  }
  EXPECT_EQ(inferred->head, 1280);
  EXPECT_EQ(inferred->classes, 5);
  EXPECT_EQ(graph.shape(graph.outputs().front().value), (Shape{2, 5}));
}

TEST(MobileNetV2, RefusesOtherNets) {
  test::NamedShapes weights;
  EXPECT_EQ(infer_mobilenet_v2(weights, "net").error().code, Code::unsupported);
  weights = weights_of(describe_mobilenet_v2(of_the_paper(), 1));
  weights.shapes.erase("block.7.project.weight");
  EXPECT_EQ(infer_mobilenet_v2(weights, "net").error().code, Code::unsupported);
  weights = weights_of(describe_mobilenet_v2(of_the_paper(), 1));
  weights.shapes.erase("block.7.expand.weight");
  EXPECT_EQ(infer_mobilenet_v2(weights, "net").error().code, Code::unsupported);
}

TEST(Depthwise, Shapes) {
  Graph g;
  const Value x = g.input("x", Shape{2, 6, 10, 16});
  EXPECT_EQ(g.shape(depthwise_3x3(g, x, Scope{"a"}, 1)), (Shape{2, 6, 10, 16}));
  EXPECT_EQ(g.shape(depthwise_3x3(g, x, Scope{"b"}, 2)), (Shape{2, 3, 5, 16}));
}

}  // namespace
}  // namespace limner
