#include <limits>

#include "backend/cpu/kernels/test_data.h"

namespace limner::cpu {
namespace {

TEST(ConvertTest, RoundsToNearestEven) {
  auto x = Guarded<float>::normal(20011, 1);
  const float special[] = {0.0f, -0.0f, 1.00390625f, 1.01171875f, 3.4e38f, INFINITY, -INFINITY};
  std::copy(std::begin(special), std::end(special), x.data());
  for (const Kernels* kernels : available_kernels()) {
    Guarded<Bf16> narrow(x.size());
    Guarded<float> wide(x.size());
    kernels->f32_to_bf16(x.data(), narrow.data(), x.size());
    kernels->bf16_to_f32(narrow.data(), wide.data(), x.size());
    EXPECT_TRUE(narrow.ok() && wide.ok());
    for (int64_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(narrow.data()[i].bits, to_bf16(x[i]).bits) << kernels->name << ": " << x[i];
      EXPECT_EQ(wide[i], narrow[i]);
    }
  }
}

TEST(ConvertTest, NanStaysNan) {
  const float x[] = {std::numeric_limits<float>::quiet_NaN(), std::bit_cast<float>(0x7f800001u)};
  for (const Kernels* kernels : available_kernels()) {
    Bf16 out[2];
    kernels->f32_to_bf16(x, out, 2);
    EXPECT_TRUE(std::isnan(to_f32(out[0])) && std::isnan(to_f32(out[1]))) << kernels->name;
  }
}

TEST(ConvertTest, FindsTheOneValueThatIsNotFinite) {
  struct Case {
    DType dtype;
    uint32_t infinity, nan, greatest;
  };
  const Case cases[] = {{DType::f32, 0x7f800000u, 0xffc00000u, 0xff7fffffu},
                        {DType::bf16, 0x7f80u, 0xffc0u, 0xff7fu},
                        {DType::f16, 0x7c00u, 0xfe00u, 0xfbffu}};
  constexpr int64_t kCount = 40001;
  for (const Kernels* kernels : available_kernels()) {
    for (const Case& one : cases) {
      const size_t bytes = dtype_bytes(one.dtype);
      std::vector<std::byte> memory(static_cast<size_t>(kCount) * bytes + 1);
      std::byte* x = memory.data() + 1;
      for (int64_t i = 0; i < kCount; ++i)
        std::memcpy(x + static_cast<size_t>(i) * bytes, &one.greatest, bytes);
      EXPECT_TRUE(kernels->all_finite(one.dtype, x, kCount));
      for (const size_t at : {size_t{0}, size_t{777}, size_t{kCount - 1}}) {
        for (const uint32_t bad : {one.infinity, one.nan}) {
          std::memcpy(x + at * bytes, &bad, bytes);
          EXPECT_FALSE(kernels->all_finite(one.dtype, x, kCount)) << kernels->name << " at " << at;
          std::memcpy(x + at * bytes, &one.greatest, bytes);
        }
      }
    }
  }
}

TEST(KernelsTest, GenericIsAlwaysThereAndTheBestIsLast) {
  const auto tables = available_kernels();
  ASSERT_FALSE(tables.empty());
  EXPECT_EQ(tables.front()->name, "generic");
  EXPECT_EQ(&best_kernels(), tables.back());
  const Kernels& plain = best_kernels(false);
  EXPECT_FALSE(plain.uses_tiles);
  EXPECT_TRUE(&plain == tables.back() || tables.back()->uses_tiles);
}

}  // namespace
}  // namespace limner::cpu
