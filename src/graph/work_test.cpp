#include "graph/work.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

TEST(Work, SaysWhatANodeIsAndCountsByDefinition) {
  Graph g;
  const Value x = g.input("x", Shape{2, 8, 6, 32});
  g.conv2d(x, Scope{"a"}, {.out = 16});
  g.conv2d(x, Scope{"b"}, {.out = 16, .kernel = 1, .stride = 2});
  const Value tokens = g.reshape(x, Shape{2, 48, 32});
  const Value context = g.input("context", Shape{2, 7, 32});
  g.linear(tokens, Scope{"c"}, 10);
  g.attention(tokens, context, context, 4);
  std::vector<std::string> texts;
  std::vector<double> counts;
  for (const Node& node : g.nodes()) {
    texts.push_back(describe_work(g, node));
    counts.push_back(operations(g, node));
  }
  const Shape picture{2, 8, 6, 32}, rows{2, 48, 32}, keys{2, 7, 32};
  EXPECT_EQ(texts, (std::vector<std::string>{
                       "input " + picture.text(), "conv2d 3x3 " + picture.text() + " -> 16",
                       "conv2d 1x1 stride 2 " + picture.text() + " -> 16", "reshape " + rows.text(),
                       "input " + keys.text(), "linear " + rows.text() + " -> 10",
                       "attention 4 heads " + rows.text() + " to 7"}));
  EXPECT_EQ(counts, (std::vector<double>{0, 2.0 * 96 * 16 * 32 * 9, 2.0 * 24 * 16 * 32, 0, 0,
                                         2.0 * 96 * 10 * 32, 4.0 * 96 * 32 * 7}));
}

}  // namespace
}  // namespace limner
