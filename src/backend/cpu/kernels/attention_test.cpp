#include <algorithm>

#include "backend/cpu/kernels/test_data.h"

namespace limner::cpu {
namespace {

template <class T>
class AttentionTest : public TypedKernelTest<T> {};
TYPED_TEST_SUITE(AttentionTest, ActivationTypes);

/// q, k and v side by side in one buffer when lengths agree, each with its own row stride.
template <class T>
struct Problem {
  AttentionShape shape;
  int64_t width, q_stride, kv_stride, out_stride;
  Guarded<T> q, kv;

  explicit Problem(const AttentionShape& s)
      : shape(s),
        width(s.heads * s.head_width),
        q_stride(width + 3),
        kv_stride(2 * width + 1),
        out_stride(width + 2),
        q(Guarded<T>::normal(s.batch * s.queries * q_stride, 1, 2)),
        kv(Guarded<T>::normal(s.batch * s.keys * kv_stride, 2)) {}

  float query(int64_t b, int64_t i, int64_t c) const { return q[(b * shape.queries + i) * q_stride + c]; }
  float key(int64_t b, int64_t j, int64_t c) const { return kv[(b * shape.keys + j) * kv_stride + c]; }
  float value(int64_t b, int64_t j, int64_t c) const {
    return kv[(b * shape.keys + j) * kv_stride + width + c];
  }

  Guarded<T> run(const Kernels& kernels, int threads) const {
    Guarded<T> out(shape.batch * shape.queries * out_stride);
    const AttentionData<T> data{q.data(), kv.data(), kv.data() + width, out.data(),
                                q_stride, kv_stride, kv_stride,         out_stride};
    on_threads(threads, [&] {
      std::vector<std::byte> scratch(kernels.of<T>().attention_scratch_bytes(shape, threads) + 1);
      kernels.of<T>().attention(shape, data, scratch.data() + 1);
    });
    EXPECT_TRUE(out.ok());
    return out;
  }

  /// One output row of one head, in f64.
  std::vector<double> expected(int64_t b, int64_t head, int64_t i) const {
    const int64_t keys = shape.causal ? i + 1 : shape.keys, first = head * shape.head_width;
    std::vector<double> weights(static_cast<size_t>(keys)), row(static_cast<size_t>(shape.head_width));
    double sum = 0;
    for (int64_t j = 0; j < keys; ++j) {
      double score = 0;
      for (int64_t d = 0; d < shape.head_width; ++d)
        score += double{query(b, i, first + d)} * key(b, j, first + d);
      weights[static_cast<size_t>(j)] = score * shape.scale;
    }
    const double greatest = *std::max_element(weights.begin(), weights.end());
    for (double& weight : weights) sum += weight = std::exp(weight - greatest);
    for (int64_t j = 0; j < keys; ++j) {
      for (int64_t d = 0; d < shape.head_width; ++d) {
        row[static_cast<size_t>(d)] += weights[static_cast<size_t>(j)] / sum * value(b, j, first + d);
      }
    }
    return row;
  }

  void expect_result(const Guarded<T>& out) const {
    const bool f32 = sizeof(T) == sizeof(float);
    for (int64_t b = 0; b < shape.batch; ++b) {
      for (int64_t i = 0; i < shape.queries; ++i) {
        for (int64_t c = 0; c < width; c += shape.head_width) {
          const std::vector<double> row = expected(b, c / shape.head_width, i);
          for (int64_t d = 0; d < shape.head_width; ++d) {
            const int64_t at = (b * shape.queries + i) * out_stride + c + d;
            expect_close(out[at], row[static_cast<size_t>(d)], f32 ? 4e-6 : 8e-3, f32 ? 4e-6 : 4e-3, at);
          }
        }
        for (int64_t c = width; c < out_stride; ++c) {
          ASSERT_EQ(out[(b * shape.queries + i) * out_stride + c], -12352) << "wrote between rows";
        }
      }
    }
  }
};

const AttentionShape kAttentionShapes[] = {
    {2, 3, 40, 70, 200, 0.158f},       {1, 2, 64, 65, 77, 0.125f},
    {1, 1, 512, 9, 400, 0.0442f},      {2, 2, 8, 3, 1, 0.35f},
    {1, 2, 17, 33, 50, 0.25f},         {1, 1, 160, 8, 385, 0.079f},
    {1, 2, 80, 130, 130, 0.11f, true}, {2, 1, 64, 77, 77, 0.125f, true},
    {1, 3, 24, 256, 256, 0.2f, true},  {1, 1, 1, 1, 1, 1.0f, true},
    {1, 1, 96, 20, 193, 0.1f},         {1, 2, 48, 10, 192, 3.0f},
    {1, 1, 128, 63, 191, 0.0884f},     {1, 1, 40, 450, 450, 0.158f, true},
    {1, 1, 32, 5, 1100, 0.177f},

};

TYPED_TEST(AttentionTest, AgreesWithDirectEvaluation) {
  for (const Kernels* kernels : available_kernels()) {
    for (const AttentionShape& shape : kAttentionShapes) {
      SCOPED_TRACE(std::string(kernels->name) + " width " + std::to_string(shape.head_width) + " keys " +
                   std::to_string(shape.keys) + (shape.causal ? " causal" : ""));
      const Problem<TypeParam> problem(shape);
      problem.expect_result(problem.run(*kernels, 2));
    }
  }
}

TYPED_TEST(AttentionTest, BytesDependNeitherOnThreadsNorOnTheBatch) {
  for (const Kernels* kernels : available_kernels()) {
    const Problem<TypeParam> both({2, 3, 40, 130, 300, 0.158f});
    const Guarded<TypeParam> one = both.run(*kernels, 1);
    EXPECT_TRUE(one.same_bytes(both.run(*kernels, 2)));
    EXPECT_TRUE(one.same_bytes(both.run(*kernels, 3)));
    Problem<TypeParam> alone = both;
    alone.shape.batch = 1;
    EXPECT_EQ(std::memcmp(alone.run(*kernels, 2).data(), one.data(),
                          static_cast<size_t>(130 * both.out_stride - 2) * sizeof(TypeParam)),
              0);
  }
}

TYPED_TEST(AttentionTest, HugeScoresStayFinite) {
  for (const Kernels* kernels : available_kernels()) {
    const Problem<TypeParam> problem({1, 1, 40, 16, 500, 500.0f});
    const Guarded<TypeParam> out = problem.run(*kernels, 2);
    for (int64_t i = 0; i < out.size(); ++i) EXPECT_TRUE(std::isfinite(out[i])) << "at " << i;
  }
}

}  // namespace
}  // namespace limner::cpu
