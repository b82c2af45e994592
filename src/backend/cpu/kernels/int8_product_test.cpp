// Products in 8 bits beside plain loops, on every instruction set there is here.

#include <array>
#include <limits>

#include "backend/cpu/kernels/test_data.h"

namespace limner::cpu {
namespace {

/// A row's codes and their worth, as op::Linear says.
struct QuantizedRow {
  std::vector<int> codes;
  float scale = 0;

  template <class T>
  QuantizedRow(const Guarded<T>& x, int64_t first, int64_t count) {
    float greatest = 0;
    for (int64_t i = 0; i < count; ++i) greatest = std::max(greatest, std::abs(x[first + i]));
    scale = greatest / 127;
    for (int64_t i = 0; i < count; ++i)
      codes.push_back(greatest == 0 ? 0 : static_cast<int>(std::nearbyint(x[first + i] * (127 / greatest))));
  }
};

/// 64-byte lines, as the callers of the kernels give them.
class Lines {
 public:
  explicit Lines(size_t bytes) : lines_(bytes / sizeof(Line) + 1) {}
  void* data() { return lines_.data(); }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> lines_;
};

template <class T>
Guarded<T> product(const Kernels& kernels, const Int8Shape& shape, const Guarded<T>& x,
                   const Guarded<float>& weight, const float* bias, const Guarded<T>* onto = nullptr) {
  const Int8Kernels& int8 = kernels.int8;
  Lines codes(int8.codes_bytes(shape.rows, shape.in)), packed(int8.weight_bytes(shape.in, shape.out));
  int8.pack(weight.data(), shape.in, shape.out, packed.data());
  Guarded<T> out(shape.rows * shape.out);
  if (onto) std::copy_n(onto->data(), out.size(), out.data());
  int8.quantize<T>()(x.data(), shape.rows, shape.in, codes.data());
  int8.multiply_to<T>()(shape, codes.data(), packed.data(), bias, out.data());
  EXPECT_TRUE(out.ok());
  return out;
}

template <class T>
class Int8ProductTest : public TypedKernelTest<T> {};
TYPED_TEST_SUITE(Int8ProductTest, ActivationTypes);

TYPED_TEST(Int8ProductTest, IsThatOfItsCodes) {
  struct Size {
    int64_t rows, in, out;
  };
  for (const auto [rows, in, out] : {Size{1, 1, 1}, Size{5, 7, 3}, Size{97, 130, 50}, Size{3, 1283, 33},
                                     Size{8, 64, 48}, Size{200, 16, 64}}) {
    const auto x = Guarded<TypeParam>::normal(rows * in, 1, 3);
    const auto weight = Guarded<float>::normal(out * in, 2, 0.1f);
    const auto bias = Guarded<float>::normal(out, 3);
    const auto onto = Guarded<TypeParam>::normal(rows * out, 4);
    for (const Kernels* kernels : available_kernels()) {
      SCOPED_TRACE(testing::Message() << kernels->name << " " << rows << "x" << in << "x" << out);
      const Int8Shape shape{rows, in, out, true, op::Unary{op::Activation::relu}};
      const auto y = product(*kernels, shape, x, weight, bias.data(), &onto);
      for (int64_t o = 0; o < out; ++o) {
        const QuantizedRow w(weight, o * in, in);
        for (int64_t row = 0; row < rows; ++row) {
          const QuantizedRow r(x, row * in, in);
          int64_t sum = 0;
          for (size_t k = 0; k < w.codes.size(); ++k) sum += w.codes[k] * r.codes[k];
          const double worth = static_cast<double>(sum) * r.scale * w.scale;
          const double expected = worth + bias[o] + onto[row * out + o];
          const double roundings = std::abs(worth) + std::abs(bias[o]) + std::abs(onto[row * out + o]);
          expect_close(y[row * out + o], std::max(expected, 0.0), kRounding<TypeParam>, 4e-7 * roundings,
                       row * out + o);
        }
      }
    }
  }
}

TYPED_TEST(Int8ProductTest, GreatestCodesDoNotSaturate) {
  constexpr int64_t kIn = 5000;
  Guarded<TypeParam> x(kIn);
  Guarded<float> weight(2 * kIn);
  for (int64_t i = 0; i < kIn; ++i) {
    x.data()[i] = from_f32<TypeParam>(-127);
    weight.data()[i] = -127;
    weight.data()[kIn + i] = 127;
  }
  for (const Kernels* kernels : available_kernels()) {
    const auto y = product(*kernels, Int8Shape{1, kIn, 2}, x, weight, nullptr);
    for (const int64_t o : {0, 1}) {
      const float exact = (o == 0 ? 1.0f : -1.0f) * 127 * 127 * kIn;
      EXPECT_EQ(y[o], as_f32(from_f32<TypeParam>(exact))) << kernels->name;
    }
  }
}

TYPED_TEST(Int8ProductTest, RowsAreTheirOwn) {
  constexpr int64_t kRows = 131, kIn = 77, kOut = 65;
  const auto x = Guarded<TypeParam>::normal(kRows * kIn, 5);
  const auto weight = Guarded<float>::normal(kOut * kIn, 6);
  for (const Kernels* kernels : available_kernels()) {
    const Int8Shape shape{kRows, kIn, kOut};
    Guarded<TypeParam> together(kRows * kOut), on_five(kRows * kOut);
    on_threads(1, [&] { together = product(*kernels, shape, x, weight, nullptr); });
    on_threads(5, [&] { on_five = product(*kernels, shape, x, weight, nullptr); });
    EXPECT_TRUE(together.same_bytes(on_five)) << kernels->name;
    for (const int64_t row : {int64_t{0}, int64_t{96}, kRows - 1}) {
      Guarded<TypeParam> one(kIn);
      std::copy_n(x.data() + row * kIn, kIn, one.data());
      const auto alone = product(*kernels, Int8Shape{1, kIn, kOut}, one, weight, nullptr);
      EXPECT_EQ(std::memcmp(alone.data(), together.data() + row * kOut, kOut * sizeof(TypeParam)), 0)
          << kernels->name << " row " << row;
    }
  }
}

TYPED_TEST(Int8ProductTest, EveryInstructionSetGivesTheSameBytes) {
  for (const auto& [rows, in, out] :
       {std::array<int64_t, 3>{70, 130, 90}, std::array<int64_t, 3>{33, 320, 65}}) {
    const auto x = Guarded<TypeParam>::normal(rows * in, 9, 3);
    const auto weight = Guarded<float>::normal(out * in, 10, 0.1f);
    const auto bias = Guarded<float>::normal(out, 11);
    const Int8Shape shape{rows, in, out};
    const auto first = product(*available_kernels().front(), shape, x, weight, bias.data());
    for (const Kernels* kernels : available_kernels())
      EXPECT_TRUE(first.same_bytes(product(*kernels, shape, x, weight, bias.data()))) << kernels->name;
  }
}

TYPED_TEST(Int8ProductTest, WhatIsNotFiniteIsNanInItsRowAndTinyRowsAreZero) {
  constexpr int64_t kIn = 20, kOut = 3;
  auto x = Guarded<TypeParam>::normal(4 * kIn, 7);
  x.data()[3] = from_f32<TypeParam>(std::numeric_limits<float>::quiet_NaN());
  x.data()[kIn + 19] = from_f32<TypeParam>(-std::numeric_limits<float>::infinity());
  for (int64_t i = 0; i < kIn; ++i) x.data()[2 * kIn + i] = from_f32<TypeParam>(1e-37f);
  const auto weight = Guarded<float>::normal(kOut * kIn, 8);
  for (const Kernels* kernels : available_kernels()) {
    const auto y = product(*kernels, Int8Shape{4, kIn, kOut}, x, weight, nullptr);
    for (int64_t i = 0; i < 2 * kOut; ++i) EXPECT_TRUE(std::isnan(y[i])) << kernels->name << " " << i;
    for (int64_t i = 2 * kOut; i < 3 * kOut; ++i) EXPECT_EQ(y[i], 0) << kernels->name << " " << i;
    for (int64_t i = 3 * kOut; i < 4 * kOut; ++i) EXPECT_NE(y[i], 0) << kernels->name << " " << i;
  }
}

}  // namespace
}  // namespace limner::cpu
