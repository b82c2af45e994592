#include "backend/cpu/kernels/test_data.h"

namespace limner::cpu {
namespace {

template <class T>
class BroadcastTest : public TypedKernelTest<T> {};
TYPED_TEST_SUITE(BroadcastTest, ActivationTypes);

/// Index into b for element `i` of a, axis by axis.
int64_t repeated_index(const Shape& a, const Shape& b, int64_t i) {
  int64_t index = 0, stride = 1;
  for (size_t axis = 0; axis < a.rank(); ++axis) {
    const int64_t extent = a[a.rank() - 1 - axis], here = i % extent;
    i /= extent;
    if (axis >= b.rank()) continue;
    const int64_t b_extent = b[b.rank() - 1 - axis];
    if (b_extent > 1) index += here * stride;
    stride *= b_extent;
  }
  return index;
}

const std::pair<Shape, Shape> kBroadcastShapes[] = {
    {{2, 5, 7, 33}, {2, 5, 7, 33}},
    {{2, 5, 7, 33}, {2, 1, 1, 33}},
    {{2, 5, 7, 33}, {33}},
    {{3, 4, 6}, {3, 1, 6}},
    {{3, 4, 6}, {1, 4, 1}},
    {{3, 4, 6}, {3, 4, 1}},
    {{3, 4, 6}, {1}},
    {{2, 3, 2, 3, 5}, {2, 1, 2, 1, 5}},
    {{40000}, {40000}},
    {{2, 30000}, {2, 1}},
    {{1, 77, 8}, {77, 8}},
    {{1, 1}, {1, 1}},
    {{2, 40000, 1}, {1, 40000, 1}},
};

TYPED_TEST(BroadcastTest, RepeatsWhereAnExtentIsOne) {
  for (const Kernels* kernels : available_kernels()) {
    for (const auto& [a_shape, b_shape] : kBroadcastShapes) {
      SCOPED_TRACE(std::string(kernels->name) + " " + a_shape.text() + " " + b_shape.text());
      const auto a = Guarded<TypeParam>::normal(a_shape.count(), 1);
      const auto b = Guarded<TypeParam>::normal(b_shape.count(), 2);
      Guarded<TypeParam> sum(a.size()), product = a;
      kernels->of<TypeParam>().add(a.data(), a_shape, b.data(), b_shape, sum.data());
      kernels->of<TypeParam>().mul(product.data(), a_shape, b.data(), b_shape, product.data());  // in place
      EXPECT_TRUE(sum.ok() && product.ok());
      for (int64_t i = 0; i < a.size(); ++i) {
        const float other = b[repeated_index(a_shape, b_shape, i)];
        ASSERT_EQ(sum[i], as_f32(from_f32<TypeParam>(a[i] + other))) << "at " << i;
        ASSERT_EQ(product[i], as_f32(from_f32<TypeParam>(a[i] * other))) << "at " << i;
      }
    }
  }
}

}  // namespace
}  // namespace limner::cpu
