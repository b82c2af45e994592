#include "graph/graph.h"

#include <gtest/gtest.h>

#include <cmath>

namespace limner {
namespace {

const Scope kTop{"top"};

TEST(Graph, KnowsShapesAtOnce) {
  Graph g;
  const Value x = g.input("x", Shape{2, 9, 7, 12});
  EXPECT_EQ(g.shape(g.conv2d(x, kTop / "c", {.out = 5})), (Shape{2, 9, 7, 5}));
  EXPECT_EQ(g.shape(g.conv2d(x, kTop / "c", {.out = 5, .stride = 2})), (Shape{2, 5, 4, 5}));
  EXPECT_EQ(g.shape(g.conv2d(x, kTop / "c", {.out = 5, .stride = 2, .pad = {{0, 0, 1, 1}}})),
            (Shape{2, 4, 3, 5}));
  EXPECT_EQ(g.shape(g.pixel_shuffle(x, 2)), (Shape{2, 18, 14, 3}));
  EXPECT_EQ(g.shape(g.pixel_unshuffle(g.upsample_nearest(x, 18, 14), 2)), (Shape{2, 9, 7, 48}));
  EXPECT_EQ(g.shape(g.concat({x, x, g.slice(x, 3, 2)})), (Shape{2, 9, 7, 26}));
  EXPECT_EQ(g.shape(g.geglu(x)), (Shape{2, 9, 7, 6}));
  EXPECT_EQ(g.shape(g.sinusoid_embedding(g.input("t", Shape{2, 6}), {.width = 10})), (Shape{2, 60}));
}

TEST(Graph, WritesDownWhatBackendsNeed) {
  Graph g(GraphOptions{.tile_x = true});
  const Value x = g.input("x", Shape{1, 4, 4, 8});
  g.conv2d(x, kTop / "c", {.out = 5, .kernel = 1});
  EXPECT_FALSE(std::get<op::Conv2d>(g.nodes().back().op).circular_x) << "nothing to wrap without padding";
  g.conv2d(x, kTop / "c", {.out = 5});
  EXPECT_TRUE(std::get<op::Conv2d>(g.nodes().back().op).circular_x);
  EXPECT_FALSE(std::get<op::Conv2d>(g.nodes().back().op).circular_y);
  const Value tokens = g.reshape(x, Shape{1, 16, 8});
  g.attention(tokens, tokens, tokens, 2);
  EXPECT_FLOAT_EQ(std::get<op::Attention>(g.nodes().back().op).scale, 0.5f);
}

TEST(Graph, ListsEachWeightOnceInOrderOfUse) {
  Graph g;
  Value x = g.input("x", Shape{1, 4, 4, 8});
  x = g.conv2d(x, kTop / "conv", {.out = 16, .bias = false});
  x = g.group_norm(x, kTop / "norm" / 0, 4, 1e-5f);
  x = g.linear(x, kTop / "fc", 8);
  x = g.group_norm(g.conv2d(x, kTop / "conv", {.out = 16, .bias = false}), kTop / "norm" / 0, 4, 1e-5f);
  g.output("y", x);
  std::string text;
  for (const Graph::WeightUse& use : g.weights()) text += use.name + use.shape.text() + " ";
  EXPECT_EQ(text,
            "top.conv.weight[16, 8, 3, 3] top.norm.0.weight[16] top.norm.0.bias[16] top.fc.weight[8, 16] "
            "top.fc.bias[8] ");
}

TEST(Graph, NamesEveryOperator) {
  EXPECT_STREQ(op::name(op::Input{}), "input");
  EXPECT_STREQ(op::name(op::Attention{}), "attention");
  EXPECT_STREQ(op::name(op::TakeRow{}), "take_row");
  EXPECT_STREQ(op::name(op::Reshape{}), "reshape");
}

TEST(GraphDeathTest, RefusesShapesThatDoNotFit) {
  Graph g;
  const Value x = g.input("x", Shape{2, 3, 10});
  EXPECT_DEATH(g.conv2d(x, kTop / "c", {.out = 5}), "conv2d takes");
  EXPECT_DEATH(g.attention(x, x, x, 3), "multiple of the heads");
  EXPECT_DEATH(g.add(x, g.input("y", Shape{4})), "repeats only");
  EXPECT_DEATH(g.slice(x, 8, 3), "lies inside");
  EXPECT_DEATH(g.reshape(x, Shape{7}), "element count");
  EXPECT_DEATH(g.silu(Value{}), "value of this graph");
}

}  // namespace
}  // namespace limner
