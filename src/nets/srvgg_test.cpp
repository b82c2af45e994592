#include "nets/srvgg.h"

#include <gtest/gtest.h>

#include "nets/limner_tiny_test.h"
#include "nets/named_shapes_test.h"

namespace limner {
namespace {

using test::weights_of;

TEST(Srvgg, SizesComeBackFromTheWeights) {
  const SrvggConfig kConfigs[] = {{}, {.layers = 16}, {.width = 24, .layers = 0, .scale = 2}, {.scale = 1}};
  for (const SrvggConfig& config : kConfigs) {
    const Graph graph = describe_srvgg(config, 2, 5, 6);
    const auto inferred = infer_srvgg(weights_of(graph), "net.safetensors");
    ASSERT_TRUE(inferred) << inferred.error().text();
    EXPECT_EQ(inferred.value().scale, config.scale);
    EXPECT_EQ(inferred.value().layers, config.layers);
    EXPECT_EQ(inferred.value().width, config.width);
    EXPECT_EQ(graph.shape(graph.outputs().front().value), (Shape{2, 5 * config.scale, 6 * config.scale, 3}));
  }
}

TEST(Srvgg, RefusesOtherNets) {
  test::NamedShapes weights;
  EXPECT_FALSE(infer_srvgg(weights, "net.safetensors"));
  weights = weights_of(describe_srvgg({.layers = 1}, 1, 4, 4));
  weights.shapes["body.4.weight"] = Shape{47, 64, 3, 3};
  EXPECT_FALSE(infer_srvgg(weights, "net.safetensors"));
  weights = weights_of(describe_srvgg({.layers = 1}, 1, 4, 4));
  weights.shapes.erase("body.1.weight");
  EXPECT_EQ(infer_srvgg(weights, "net.safetensors").error().code, Code::unsupported);
}

}  // namespace
}  // namespace limner
