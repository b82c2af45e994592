#include "nets/rrdbnet.h"

#include <gtest/gtest.h>

#include "nets/limner_tiny_test.h"
#include "nets/named_shapes_test.h"

namespace limner {
namespace {

using test::weights_of;

TEST(RrdbNet, HasThePublishedSize) {
  // RealESRGAN_x4plus.
  EXPECT_EQ(test::parameter_count(describe_rrdbnet({}, 1, 8, 8)), 16697987);
}

TEST(RrdbNet, SizesComeBackFromTheWeights) {
  const RrdbNetConfig kConfigs[] = {
      {},
      {.blocks = 6, .width = 32, .growth = 16},
      {.unshuffle = 2},
      {.unshuffle = 4},
      {.naming = RrdbNaming::original},
      {.naming = RrdbNaming::numbered},
      {.naming = RrdbNaming::numbered, .upsamplings = 0},
      {.naming = RrdbNaming::numbered, .blocks = 1, .upsamplings = 1},
      {.naming = RrdbNaming::numbered, .upsamplings = 3},
  };
  for (const RrdbNetConfig& config : kConfigs) {
    const Graph graph = describe_rrdbnet(config, 1, 8, 8);
    const auto inferred = infer_rrdbnet(weights_of(graph), "net.safetensors");
    ASSERT_TRUE(inferred) << inferred.error().text();
    EXPECT_EQ(inferred.value().scale(), config.scale());
    EXPECT_EQ(test::weight_names(describe_rrdbnet(inferred.value(), 1, 8, 8)), test::weight_names(graph));
    const int64_t side = 8 * config.scale();
    EXPECT_EQ(graph.shape(graph.outputs().front().value), (Shape{1, side, side, 3}));
  }
}

TEST(RrdbNet, RefusesOtherNets) {
  test::NamedShapes weights;
  EXPECT_FALSE(infer_rrdbnet(weights, "net.safetensors"));
  weights = weights_of(describe_rrdbnet({.blocks = 1}, 1, 8, 8));
  weights.shapes["conv_first.weight"] = Shape{64, 5, 3, 3};
  EXPECT_EQ(infer_rrdbnet(weights, "net.safetensors").error().field, "net.safetensors");
  weights.shapes["conv_first.weight"] = Shape{1 << 20, 3, 3, 3};
  EXPECT_FALSE(infer_rrdbnet(weights, "net.safetensors"));
  weights.shapes["conv_first.weight"] = Shape{64};
  EXPECT_FALSE(infer_rrdbnet(weights, "net.safetensors"));
  weights.shapes.erase("conv_first.weight");
  EXPECT_FALSE(infer_rrdbnet(weights, "net.safetensors"));
}

TEST(RrdbNet, BoundsItsBlocks) {
  test::NamedShapes weights;
  for (int block = 0; block < 1000; ++block)
    weights.shapes["body." + std::to_string(block) + ".rdb1.conv1.weight"] = Shape{32, 64, 3, 3};
  EXPECT_EQ(infer_rrdbnet(weights, "net.safetensors").error().code, Code::unsupported);
}

}  // namespace
}  // namespace limner
