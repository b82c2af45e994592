#include <limits>

#include "backend/cpu/kernels/test_data.h"

namespace limner::cpu {
namespace {

using op::Activation;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double gelu(double x) { return 0.5 * x * std::erfc(-x * std::sqrt(0.5)); }

double exact(Activation kind, double p, double x) {
  switch (kind) {
    case Activation::silu:
      return x * sigmoid(x);
    case Activation::gelu:
      return gelu(x);
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::quick_gelu:
      return x * sigmoid(1.702 * x);
    case Activation::relu:
      return std::isnan(x) || x > 0 ? x : 0;
    case Activation::leaky_relu:
      return x < 0 ? p * x : x;
    case Activation::tanh:
      return std::tanh(x);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::soft_clip:
      return p * std::tanh(x / p);
  }
  return 0;
}

struct Case {
  Activation kind;
  float parameter;
  double ulps;      ///< of f32, relative to the exact value
  double absolute;  ///< where the result is a difference of nearly equal numbers
};
constexpr Case kCases[] = {
    {Activation::silu, 0, 4, 0},          {Activation::gelu, 0, 4, 3e-7},
    {Activation::gelu_tanh, 0, 4, 3e-7},  {Activation::relu, 0, 0, 0},
    {Activation::leaky_relu, 0.2f, 1, 0}, {Activation::tanh, 0, 2, 0},
    {Activation::sigmoid, 0, 4, 0},       {Activation::soft_clip, 3, 4, 0},
    {Activation::quick_gelu, 0, 4, 3e-7},
};

/// Every 4099th float from -limit to limit, and the special ones.
std::vector<float> floats_up_to(float limit) {
  std::vector<float> values = {0.0f, -0.0f, std::numeric_limits<float>::quiet_NaN(), 0.6f, 0.925f, -0.925f};
  const auto last = std::bit_cast<uint32_t>(limit);
  for (uint32_t u = 0x2f000000u; u < last; u += 4099) {
    values.push_back(std::bit_cast<float>(u));
    values.push_back(-std::bit_cast<float>(u));
  }
  return values;
}

template <class T>
class ActivationsTest : public TypedKernelTest<T> {};
TYPED_TEST_SUITE(ActivationsTest, ActivationTypes);

TYPED_TEST(ActivationsTest, StayWithinTheStatedError) {
  const std::vector<float> values = floats_up_to(80);
  const auto count = static_cast<int64_t>(values.size());
  Guarded<TypeParam> x(count), out(count);
  for (int64_t i = 0; i < count; ++i) x.data()[i] = from_f32<TypeParam>(values[static_cast<size_t>(i)]);
  for (const Kernels* kernels : available_kernels()) {
    for (const Case& one : kCases) {
      SCOPED_TRACE(std::string(kernels->name) + " activation " + std::to_string(static_cast<int>(one.kind)));
      kernels->of<TypeParam>().activation(one.kind, one.parameter, x.data(), out.data(), count);
      EXPECT_TRUE(out.ok());
      // One ULP is up to 2^-23 relative.
      const double relative = one.ulps * 0x1p-23 + (sizeof(TypeParam) == 2 ? 0x1p-8 + 2.5e-4 : 0);
      const double absolute = one.absolute + (sizeof(TypeParam) == 2 ? 2e-6 : 1e-37);
      for (int64_t i = 0; i < count; ++i) {
        expect_close(out[i], exact(one.kind, one.parameter, x[i]), relative, absolute, i);
      }
    }
  }
}

TYPED_TEST(ActivationsTest, TheTailsOfTheExponentialAreHarmless) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Guarded<TypeParam> x(4), out(4);
  const float values[] = {-3e38f, 3e38f, kInfinity, -200};
  for (int64_t i = 0; i < 4; ++i) x.data()[i] = from_f32<TypeParam>(values[i]);
  for (const Kernels* kernels : available_kernels()) {
    kernels->of<TypeParam>().activation(Activation::sigmoid, 0, x.data(), out.data(), 4);
    EXPECT_EQ(out[0], 0);
    EXPECT_EQ(out[1], 1);
    EXPECT_EQ(out[2], 1);
    kernels->of<TypeParam>().activation(Activation::silu, 0, x.data(), out.data(), 4);
    EXPECT_EQ(out[0], 0);
    EXPECT_EQ(out[2], kInfinity);
    kernels->of<TypeParam>().activation(Activation::tanh, 0, x.data(), out.data(), 4);
    EXPECT_EQ(out[0], -1);
    EXPECT_EQ(out[2], 1);
  }
}

TYPED_TEST(ActivationsTest, AreTheSameAtEveryPlaceAndThreadCount) {
  constexpr int64_t kCount = 50003;
  const auto x = Guarded<TypeParam>::normal(kCount, 1);
  for (const Kernels* kernels : available_kernels()) {
    Guarded<TypeParam> one(kCount), two(kCount);
    const auto run = [&](const Guarded<TypeParam>& in, Guarded<TypeParam>& out) {
      kernels->of<TypeParam>().activation(Activation::gelu, 0, in.data(), out.data(), in.size());
    };
    on_threads(1, [&] { run(x, one); });
    on_threads(2, [&] { run(x, two); });
    EXPECT_TRUE(one.same_bytes(two));
    Guarded<TypeParam> single(1), result(1);
    single.data()[0] = x.data()[kCount - 1];
    run(single, result);
    EXPECT_EQ(result[0], one[kCount - 1]);
  }
}

TYPED_TEST(ActivationsTest, PreluAndGegluAndAffine) {
  constexpr int64_t kRows = 37, kChannels = 45;
  const auto x = Guarded<TypeParam>::normal(kRows * 2 * kChannels, 2, 2);
  const auto slope = Guarded<float>::normal(2 * kChannels, 3);
  for (const Kernels* kernels : available_kernels()) {
    const TypedKernels<TypeParam>& table = kernels->of<TypeParam>();
    Guarded<TypeParam> wide(x.size()), narrow(kRows * kChannels), line(x.size());
    table.prelu(x.data(), slope.data(), wide.data(), kRows, 2 * kChannels);
    table.geglu(x.data(), narrow.data(), kRows, kChannels);
    table.affine(x.data(), 0.5f, 0.25f, line.data(), x.size());
    EXPECT_TRUE(wide.ok() && narrow.ok() && line.ok());
    const double relative = 6e-7 + kRounding<TypeParam> * 1.05;
    for (int64_t i = 0; i < x.size(); ++i) {
      expect_close(wide[i], x[i] < 0 ? double{x[i]} * slope[i % (2 * kChannels)] : x[i], relative, 0, i);
      expect_close(line[i], double{x[i]} * 0.5 + 0.25, relative, 0, i);
    }
    for (int64_t i = 0; i < narrow.size(); ++i) {
      const int64_t at = i / kChannels * 2 * kChannels + i % kChannels;
      expect_close(narrow[i], x[at] * gelu(x[at + kChannels]), relative, 1e-6, i);
    }
  }
}

}  // namespace
}  // namespace limner::cpu
