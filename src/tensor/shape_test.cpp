#include "tensor/shape.h"

#include <gtest/gtest.h>

#include "tensor/weight_source.h"

namespace limner {
namespace {

TEST(Shape, CountsAndPrints) {
  EXPECT_EQ(Shape().count(), 1);
  EXPECT_EQ((Shape{2, 64, 64, 320}).count(), 2621440);
  EXPECT_EQ((Shape{2, 64}).text(), "[2, 64]");
  EXPECT_EQ(Shape().text(), "[]");
  EXPECT_FALSE((Shape{2, 1} == Shape{2}));
}

TEST(Shape, TrailingOnesMayDiffer) {
  EXPECT_TRUE(same_but_trailing_ones(Shape{8, 4, 1, 1}, Shape{8, 4}));
  EXPECT_TRUE(same_but_trailing_ones(Shape{8, 4}, Shape{8, 4, 1}));
  EXPECT_FALSE(same_but_trailing_ones(Shape{8, 4, 3, 3}, Shape{8, 4}));
  EXPECT_FALSE(same_but_trailing_ones(Shape{1, 8}, Shape{8}));
}

}  // namespace
}  // namespace limner
