#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace limner {
namespace {

// The definition of IEEE half, in doubles.
float half_by_definition(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const double mantissa = bits & 1023;
  const double sign = (bits & 0x8000) ? -1 : 1;
  if (exponent == 0) return static_cast<float>(sign * std::ldexp(mantissa, -24));
  if (exponent == 31) return static_cast<float>(mantissa == 0 ? sign * INFINITY : NAN);
  return static_cast<float>(sign * std::ldexp(1024 + mantissa, exponent - 25));
}

TEST(DType, HalfToSingleIsExactForEveryHalf) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float expected = half_by_definition(static_cast<uint16_t>(bits));
    const float value = f16_to_f32(static_cast<uint16_t>(bits));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value)) << bits;
    } else {
      EXPECT_EQ(std::bit_cast<uint32_t>(value), std::bit_cast<uint32_t>(expected)) << bits;
    }
  }
}

TEST(DType, SingleToHalfGivesEveryHalfBack) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = f16_to_f32(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(value))));
    } else {
      EXPECT_EQ(f32_to_f16(value), bits);
    }
  }
}

TEST(DType, SingleToHalfRoundsTiesToEven) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const float low = f16_to_f32(static_cast<uint16_t>(bits));
    const float high = f16_to_f32(static_cast<uint16_t>(bits + 1));
    const float middle = low + (high - low) / 2;  // exact: singles have 13 more bits
    EXPECT_EQ(f32_to_f16(middle), bits + (bits & 1u)) << bits;
    EXPECT_EQ(f32_to_f16(std::nextafter(middle, 0.0f)), bits) << bits;
    EXPECT_EQ(f32_to_f16(std::nextafter(middle, INFINITY)), bits + 1) << bits;
  }
  EXPECT_EQ(f32_to_f16(65519.996f), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
  EXPECT_EQ(f32_to_f16(-1e30f), 0xfc00);
  EXPECT_EQ(f32_to_f16(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(DType, Bf16RoundsTiesToEven) {
  EXPECT_EQ(to_bf16(1.0f).bits, 0x3f80);
  EXPECT_EQ(to_bf16(std::bit_cast<float>(0x3f808000u)).bits, 0x3f80);
  EXPECT_EQ(to_bf16(std::bit_cast<float>(0x3f818000u)).bits, 0x3f82);
  EXPECT_TRUE(std::isnan(to_f32(to_bf16(std::bit_cast<float>(0x7f800001u)))));
}

TEST(DType, ConvertsFromAnyAlignment) {
  const std::vector<float> values{1.5f, -2.0f, 0.25f};
  std::vector<std::byte> raw(1 + values.size() * sizeof(float));
  std::memcpy(raw.data() + 1, values.data(), values.size() * sizeof(float));
  std::vector<float> out(3);
  convert_to_f32(DType::f32, raw.data() + 1, 3, out.data());
  EXPECT_EQ(out, values);
  std::vector<Bf16> short_out(3);
  convert_to_bf16(DType::f32, raw.data() + 1, 3, short_out.data());
  EXPECT_EQ(to_f32(short_out[1]), -2.0f);
}

TEST(DType, NamesAreThoseOfSafetensors) {
  for (const char* name : {"F32", "F16", "BF16", "F64", "I64", "I32", "I16", "I8", "U8", "BOOL"}) {
    const std::optional<DType> dtype = dtype_from_name(name);
    ASSERT_TRUE(dtype) << name;
    EXPECT_EQ(dtype_name(*dtype), name);
  }
  EXPECT_FALSE(dtype_from_name("F8_E4M3"));
  EXPECT_EQ(dtype_bytes(DType::boolean), 1u);
  EXPECT_EQ(dtype_bytes(DType::bf16), 2u);
}

}  // namespace
}  // namespace limner
