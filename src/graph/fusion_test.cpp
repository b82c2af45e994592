#include "graph/fusion.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace limner {
namespace {

const Scope kFusedScope{"top"};

/// The pass whose result is `value`, or null.
const FusedNode* pass_of(const std::vector<FusedNode>& passes, Value value) {
  const auto found = std::find_if(passes.begin(), passes.end(),
                                  [&](const FusedNode& pass) { return pass.result.index == value.index; });
  return found == passes.end() ? nullptr : &*found;
}

TEST(Fusion, FoldsResidualAndActivationIntoAConvolution) {
  Graph g;
  const Value x = g.input("x", Shape{1, 4, 4, 8});
  const Value convolved = g.conv2d(x, kFusedScope / "conv", {.out = 8});
  const Value y = g.relu(g.add(convolved, x));
  g.output("y", y);
  const auto passes = fuse(g);
  ASSERT_EQ(passes.size(), 2u);
  EXPECT_EQ(passes[1].node, convolved.index);
  EXPECT_EQ(passes[1].residual.index, x.index);
  EXPECT_EQ(passes[1].result.index, y.index);
  ASSERT_TRUE(passes[1].activation.has_value());
  EXPECT_EQ(passes[1].activation->kind, op::Activation::relu);
}

TEST(Fusion, ReachesThroughAReshape) {
  Graph g;
  const Value x = g.input("x", Shape{1, 2, 2, 8});
  const Value mapped = g.linear(g.reshape(x, Shape{1, 4, 8}), kFusedScope / "fc", 8);
  const Value y = g.add(g.reshape(mapped, Shape{1, 2, 2, 8}), x);
  g.output("y", y);
  const auto passes = fuse(g);
  ASSERT_NE(pass_of(passes, y), nullptr);
  EXPECT_EQ(pass_of(passes, y)->node, mapped.index);
}

TEST(Fusion, LeavesAValueAloneThatSomebodyElseReads) {
  Graph g;
  const Value x = g.input("x", Shape{1, 8});
  const Value mapped = g.linear(x, kFusedScope / "fc", 8);
  g.output("mapped", mapped);
  g.output("y", g.silu(mapped));
  EXPECT_EQ(fuse(g).size(), 3u);
}

TEST(Fusion, ResidualOfTwoProductsFoldsIntoOne) {
  Graph g;
  const Value x = g.input("x", Shape{1, 8});
  const Value a = g.linear(x, kFusedScope / "a", 8);
  const Value b = g.linear(x, kFusedScope / "b", 8);
  const Value y = g.add(a, b);
  g.output("y", y);
  const auto passes = fuse(g);
  ASSERT_EQ(passes.size(), 3u);
  EXPECT_EQ(passes[1].result.index, b.index);
  EXPECT_EQ(passes[2].node, a.index);
  EXPECT_EQ(passes[2].residual.index, b.index);
}

TEST(Fusion, RepeatedOperandIsNoResidual) {
  Graph g;
  const Value x = g.input("x", Shape{1, 4, 4, 8});
  const Value row = g.input("row", Shape{1, 1, 1, 8});
  g.output("y", g.add(g.conv2d(x, kFusedScope / "conv", {.out = 8}), row));
  EXPECT_EQ(fuse(g).size(), 4u);
}

TEST(Fusion, OnlySiluFoldsIntoGroupNorm) {
  for (const auto kind : {op::Activation::silu, op::Activation::relu}) {
    Graph g;
    g.output("y", g.activation(g.group_norm(g.input("x", Shape{1, 2, 2, 8}), kFusedScope / "norm", 4, 1e-5f),
                               kind));
    EXPECT_EQ(fuse(g).size(), kind == op::Activation::silu ? 2u : 3u);
  }
}

TEST(Fusion, EveryPassComesAfterWhatItReads) {
  Graph g;
  const Value x = g.input("x", Shape{1, 4, 4, 8});
  const Value a = g.conv2d(x, kFusedScope / "a", {.out = 8});
  const Value b = g.conv2d(g.silu(x), kFusedScope / "b", {.out = 8});
  g.output("y", g.relu(g.add(a, g.silu(g.add(b, x)))));
  std::vector<bool> known(g.nodes().size());
  for (const FusedNode& pass : fuse(g)) {
    for (const Value input : g.nodes()[static_cast<size_t>(pass.node)].inputs) {
      EXPECT_TRUE(known[static_cast<size_t>(input.index)]);
    }
    if (pass.residual.valid()) {
      EXPECT_TRUE(known[static_cast<size_t>(pass.residual.index)]);
    }
    known[static_cast<size_t>(pass.result.index)] = true;
  }
}

}  // namespace
}  // namespace limner
