#include <algorithm>
#include <memory>

#include "backend/cpu/kernels/test_data.h"

namespace limner::cpu {
namespace {

/// A convolution with its operands; `out` starts from `before` where it accumulates.
struct Convolution {
  Conv3x3Shape shape;
  Guarded<Bf16> x;
  std::vector<float> weight, bias;
  Guarded<Bf16> before;

  explicit Convolution(const Conv3x3Shape& s)
      : shape(s),
        x(Guarded<Bf16>::normal(s.batch * s.height * s.width * s.in, 1)),
        before(Guarded<Bf16>::normal(s.batch * s.height * s.width * s.out, 2)) {
    std::mt19937 engine(3);
    std::normal_distribution<float> normal;
    const float spread = 1 / std::sqrt(9.0f * static_cast<float>(s.in));
    weight.resize(static_cast<size_t>(s.out * s.in * 9));
    bias.resize(static_cast<size_t>(s.out));
    for (float& value : weight) value = normal(engine) * spread;
    for (float& value : bias) value = normal(engine);
  }

  template <class Out>
  Guarded<Out> run(const WinogradKernels& kernels, int threads, bool with_bias = true) const {
    const auto bytes_of = shape.compact ? kernels.filter_bytes : kernels.weight_bytes;
    std::vector<std::byte> packed(bytes_of(shape.in, shape.out) + 64);
    void* aligned = packed.data();
    size_t room = packed.size();
    std::align(64, packed.size() - 64, aligned, room);
    Guarded<Out> out(before.size());
    for (int64_t i = 0; i < out.size(); ++i) out.data()[i] = from_f32<Out>(before[i]);
    on_threads(threads, [&] {
      (shape.compact ? kernels.pack_filters : kernels.pack)(weight.data(), shape.in, shape.out, aligned);
      std::vector<std::byte> scratch(kernels.scratch_bytes(shape, threads) + 1);
      kernels.to<Out>()(shape, x.data(), aligned, with_bias ? bias.data() : nullptr, out.data(),
                        scratch.data() + 1);
    });
    EXPECT_TRUE(out.ok());
    return out;
  }

  double pixel(int64_t b, int64_t y, int64_t x_at, int64_t c) const {
    if (shape.wrap_y) y = (y + shape.height) % shape.height;
    if (shape.wrap_x) x_at = (x_at + shape.width) % shape.width;
    if (y < 0 || x_at < 0 || y >= shape.height || x_at >= shape.width) return 0;
    return x[((b * shape.height + y) * shape.width + x_at) * shape.in + c];
  }

  /// In f64, from the weights as they are in f32.
  double expected(int64_t b, int64_t y, int64_t x_at, int64_t o) const {
    double sum = bias[static_cast<size_t>(o)];
    for (int64_t i = 0; i < 9; ++i) {
      for (int64_t c = 0; c < shape.in; ++c)
        sum += pixel(b, y + i / 3 - 1, x_at + i % 3 - 1, c) *
               static_cast<double>(weight[static_cast<size_t>((o * shape.in + c) * 9 + i)]);
    }
    if (shape.accumulate) sum += before[((b * shape.height + y) * shape.width + x_at) * shape.out + o];
    return shape.activation ? std::max(sum, 0.0) : sum;
  }

  /// Root mean square error, relative to the result's root mean square.
  template <class Out>
  double error_of(const Guarded<Out>& out) const {
    double errors = 0, squares = 0;
    for (int64_t i = 0; i < out.size(); ++i) {
      const int64_t o = i % shape.out, x_at = i / shape.out % shape.width,
                    y = i / shape.out / shape.width % shape.height,
                    b = i / shape.out / shape.width / shape.height;
      const double right = expected(b, y, x_at, o);
      errors += (out[i] - right) * (out[i] - right);
      squares += right * right;
    }
    return std::sqrt(errors / squares);
  }
};

const op::Unary kRelu{op::Activation::relu, 0};

const Conv3x3Shape kConvolutions[] = {
    {2, 8, 8, 64, 64},
    {1, 16, 16, 320, 48},
    {3, 5, 7, 33, 50},
    {1, 1, 1, 16, 16},
    {2, 2, 3, 96, 112, true, false},
    {1, 6, 5, 40, 33, false, true},
    {1, 9, 4, 32, 64, true, true},
    {2, 12, 10, 48, 16, false, false, true},
    {1, 3, 3, 64, 80, false, false, true, kRelu},
    {1, 40, 36, 32, 32, false, false, false, kRelu},
};

class WinogradTest : public testing::Test {
 protected:
  void SetUp() override {
    if (tables().empty()) GTEST_SKIP() << "this CPU multiplies no bf16";
  }
  static std::vector<const Kernels*> tables() {
    std::vector<const Kernels*> found;
    for (const Kernels* kernels : available_kernels()) {
      if (kernels->winograd) found.push_back(kernels);
    }
    return found;
  }
};

TEST_F(WinogradTest, AgreesWithDirectEvaluation) {
  for (const Conv3x3Shape& shape : kConvolutions) {
    const Convolution convolution(shape);
    for (const Kernels* kernels : tables()) {
      SCOPED_TRACE(testing::Message() << kernels->name << " " << shape.height << "x" << shape.width << " "
                                      << shape.in << " to " << shape.out);
      EXPECT_LT(convolution.error_of(convolution.run<Bf16>(*kernels->winograd, 2)), 0.006);
      EXPECT_LT(convolution.error_of(convolution.run<float>(*kernels->winograd, 2)), 0.006);
    }
  }
}

TEST_F(WinogradTest, BytesDependNeitherOnThreadsNorOnTheBatch) {
  for (const Conv3x3Shape& shape :
       {Conv3x3Shape{3, 10, 14, 64, 112}, Conv3x3Shape{2, 8, 8, 512, 512}, Conv3x3Shape{5, 4, 4, 192, 64}}) {
    const Convolution together(shape);
    Convolution alone = together;
    alone.shape.batch = 1;
    alone.before = Guarded<Bf16>(shape.height * shape.width * shape.out);
    for (const Kernels* kernels : tables()) {
      const Guarded<Bf16> one = together.run<Bf16>(*kernels->winograd, 1);
      for (const int threads : {2, 3, 8})
        EXPECT_TRUE(one.same_bytes(together.run<Bf16>(*kernels->winograd, threads)))
            << kernels->name << " on " << threads;
      const Guarded<Bf16> first = alone.run<Bf16>(*kernels->winograd, 2);
      EXPECT_EQ(std::memcmp(first.data(), one.data(), static_cast<size_t>(first.size()) * sizeof(Bf16)), 0)
          << kernels->name;
    }
  }
}

TEST_F(WinogradTest, CompactWeightsGiveTheBytesOfTheirTransforms) {
  for (Conv3x3Shape shape : kConvolutions) {
    Convolution transformed(shape);
    // As files in bf16 have them: then nothing is rounded twice.
    for (float& value : transformed.weight) value = to_f32(from_f32<Bf16>(value));
    Convolution compact = transformed;
    compact.shape.compact = true;
    for (const Kernels* kernels : tables())
      for (const int threads : {1, 3})
        EXPECT_TRUE(transformed.run<Bf16>(*kernels->winograd, 1)
                        .same_bytes(compact.run<Bf16>(*kernels->winograd, threads)))
            << kernels->name << " " << shape.in << " to " << shape.out << " on " << threads;
  }
}

TEST_F(WinogradTest, CompactWeightsAgreeWithDirectEvaluation) {
  for (Conv3x3Shape shape : kConvolutions) {
    shape.compact = true;
    const Convolution convolution(shape);
    for (const Kernels* kernels : tables()) {
      EXPECT_LT(convolution.error_of(convolution.run<Bf16>(*kernels->winograd, 2)), 0.0065);
      const auto of = [&](auto bytes) { return static_cast<double>(bytes(shape.in, shape.out)); };
      EXPECT_DOUBLE_EQ(of(kernels->winograd->filter_bytes) / of(kernels->winograd->weight_bytes), 9.0 / 16);
    }
  }
}

TEST_F(WinogradTest, BiasMayBeMissing) {
  const Convolution convolution({1, 4, 4, 32, 32});
  for (const Kernels* kernels : tables()) {
    const auto with = convolution.run<float>(*kernels->winograd, 1),
               without = convolution.run<float>(*kernels->winograd, 1, false);
    for (int64_t i = 0; i < with.size(); ++i)
      expect_close(with[i] - without[i], convolution.bias[static_cast<size_t>(i % 32)], 1e-5, 1e-6, i);
  }
}

}  // namespace
}  // namespace limner::cpu
