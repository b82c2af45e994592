#include "backend/cpu/kernels/test_data.h"

namespace limner::cpu {
namespace {

template <class T>
class NormsTest : public TypedKernelTest<T> {};
TYPED_TEST_SUITE(NormsTest, ActivationTypes);

/// (x - mean) / sqrt(variance + eps) over the elements at(0..count-1), in f64.
template <class At>
std::vector<double> normalised(int64_t count, double eps, At at) {
  double mean = 0, variance = 0;
  for (int64_t i = 0; i < count; ++i) mean += at(i);
  mean /= static_cast<double>(count);
  for (int64_t i = 0; i < count; ++i) variance += (at(i) - mean) * (at(i) - mean);
  variance /= static_cast<double>(count);
  std::vector<double> result(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i)
    result[static_cast<size_t>(i)] = (at(i) - mean) / std::sqrt(variance + eps);
  return result;
}

template <class T>
struct GroupNormProblem {
  GroupNormShape shape;
  Guarded<T> x;
  Guarded<float> weight, bias;

  /// Mean four times the deviation, as after a bias.
  explicit GroupNormProblem(const GroupNormShape& s)
      : shape(s),
        x(Guarded<T>::normal(s.batch * s.pixels * s.channels, 3, 0.7f, 3)),
        weight(Guarded<float>::normal(s.channels, 4)),
        bias(Guarded<float>::normal(s.channels, 5)) {}

  Guarded<T> run(const Kernels& kernels, int threads) const {
    Guarded<T> out(x.size());
    on_threads(threads, [&] {
      std::vector<std::byte> scratch(kernels.of<T>().group_norm_scratch_bytes(shape, threads) + 1);
      kernels.of<T>().group_norm(shape, x.data(), weight.data(), bias.data(), out.data(), scratch.data() + 1);
    });
    EXPECT_TRUE(out.ok());
    return out;
  }

  void expect_group(const Guarded<T>& out, int64_t picture, int64_t group) const {
    const int64_t width = shape.channels / shape.groups;
    const auto place = [&](int64_t i) {
      return (picture * shape.pixels + i / width) * shape.channels + group * width + i % width;
    };
    const std::vector<double> expected =
        normalised(shape.pixels * width, shape.eps, [&](int64_t i) { return double{x[place(i)]}; });
    for (int64_t i = 0; i < shape.pixels * width; ++i) {
      const int64_t channel = group * width + i % width;
      double y = expected[static_cast<size_t>(i)] * weight[channel] + bias[channel];
      if (shape.silu) y = y / (1 + std::exp(-y));
      expect_close(out[place(i)], y, 2e-6 + kRounding<T> * 1.05, 2e-6, place(i));
    }
  }
};

TYPED_TEST(NormsTest, GroupNormAgreesWithDirectEvaluation) {
  const GroupNormShape shapes[] = {{2, 37, 320, 32, 1e-5f, true}, {1, 300, 64, 32, 1e-6f},
                                   {2, 1, 32, 32, 1e-5f},         {1, 5, 21, 7, 1e-5f, true},
                                   {3, 4000, 10, 2, 1e-5f, true}, {1, 64, 1, 1, 1e-5f}};
  for (const Kernels* kernels : available_kernels()) {
    for (const GroupNormShape& shape : shapes) {
      SCOPED_TRACE(std::string(kernels->name) + " channels " + std::to_string(shape.channels));
      const GroupNormProblem<TypeParam> problem(shape);
      const Guarded<TypeParam> out = problem.run(*kernels, 2);
      for (int64_t i = 0; i < shape.batch * shape.groups; ++i) {
        problem.expect_group(out, i / shape.groups, i % shape.groups);
      }
      EXPECT_TRUE(out.same_bytes(problem.run(*kernels, 1)));
    }
  }
}

TYPED_TEST(NormsTest, GroupNormOfARowDoesNotDependOnTheBatch) {
  for (const Kernels* kernels : available_kernels()) {
    GroupNormProblem<TypeParam> problem({2, 500, 96, 32});
    const Guarded<TypeParam> both = problem.run(*kernels, 2);
    problem.shape.batch = 1;
    EXPECT_EQ(std::memcmp(problem.run(*kernels, 2).data(), both.data(), 500 * 96 * sizeof(TypeParam)), 0);
  }
}

TEST(NormsTest, GroupNormSurvivesAMeanFarFromZero) {
  for (const Kernels* kernels : available_kernels()) {
    GroupNormProblem<float> problem({1, 1000, 64, 32});
    problem.x = Guarded<float>::normal(problem.x.size(), 6, 1, 1000);
    const Guarded<float> out = problem.run(*kernels, 2);
    double squares = 0;
    for (int64_t i = 0; i < out.size(); ++i) {
      const int64_t c = i % 64;
      const double normal = (double{out[i]} - problem.bias[c]) / problem.weight[c];
      squares += normal * normal;
    }
    EXPECT_NEAR(squares / static_cast<double>(out.size()), 1, 1e-3);
  }
}

TYPED_TEST(NormsTest, LayerNormAgreesWithDirectEvaluation) {
  for (const Kernels* kernels : available_kernels()) {
    for (const int64_t width : {1, 7, 64, 77, 320, 1283}) {
      SCOPED_TRACE(std::string(kernels->name) + " width " + std::to_string(width));
      const LayerNormShape shape{33, width, 1e-5f};
      const auto x = Guarded<TypeParam>::normal(shape.rows * width, 7, 2, 1);
      const auto weight = Guarded<float>::normal(width, 8), bias = Guarded<float>::normal(width, 9);
      Guarded<TypeParam> out(x.size());
      kernels->of<TypeParam>().layer_norm(shape, x.data(), weight.data(), bias.data(), out.data());
      EXPECT_TRUE(out.ok());
      for (int64_t row = 0; row < shape.rows; ++row) {
        const std::vector<double> expected =
            normalised(width, shape.eps, [&](int64_t i) { return double{x[row * width + i]}; });
        for (int64_t i = 0; i < width; ++i) {
          expect_close(out[row * width + i], expected[static_cast<size_t>(i)] * weight[i] + bias[i],
                       2e-6 + kRounding<TypeParam>, 2e-6, row * width + i);
        }
      }
    }
  }
}

}  // namespace
}  // namespace limner::cpu
