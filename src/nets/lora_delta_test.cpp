#include "nets/lora_delta.h"

#include <gtest/gtest.h>

#include <random>

#include "tensor/safetensors_fixture.h"

namespace limner {
namespace {

std::vector<float> random_values(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random() % 2001) / 1000 - 1;
  return values;
}

/// The fixture's only module applied to zeros.
std::vector<float> change_of(const SafetensorsFixture& fixture, LoraExtents expected) {
  const auto file = LoraFile::make(fixture.open()).value();
  const LoraModule& module = file->modules().at(0);
  EXPECT_EQ(lora_extents(*file, module).value(), expected);
  std::vector<float> target(static_cast<size_t>(expected.rows * expected.columns));
  EXPECT_TRUE(add_lora(*file, module, 0.5f, target));
  return target;
}

void expect_near(const std::vector<float>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-5) << i;
}

// Odd sizes around the unrolling by four and the stretch of 512 columns.
TEST(LoraDelta, LowRankIsAProduct) {
  for (const size_t rank : {1u, 3u, 4u, 7u})
    for (const size_t columns : {5u, 512u, 1030u}) {
      const size_t rows = 3;
      const auto up = random_values(rows * rank, 1), down = random_values(rank * columns, 2);
      SafetensorsFixture fixture;
      fixture.add("a.lora_up.weight", {int64_t(rows), int64_t(rank), 1, 1}, up)
          .add("a.lora_down.weight", {int64_t(rank), int64_t(columns)}, down)
          .add("a.alpha", {1}, {2});
      std::vector<double> expected(rows * columns);
      for (size_t r = 0; r < rows; ++r)
        for (size_t c = 0; c < columns; ++c)
          for (size_t k = 0; k < rank; ++k)
            expected[r * columns + c] +=
                0.5 * 2 / double(rank) * double(up[r * rank + k]) * double(down[k * columns + c]);
      expect_near(change_of(fixture, {int64_t(rows), int64_t(columns)}), expected);
    }
}

constexpr size_t kOut = 3, kIn = 4, kRank = 2, kWindow = 9;

// LoCon with a core: einsum "o p, p q k, q i -> o i k".
TEST(LoraDelta, CoreOfAConvolution) {
  const auto up = random_values(kOut * kRank, 1), mid = random_values(kRank * kRank * kWindow, 2),
             down = random_values(kRank * kIn, 3);
  SafetensorsFixture fixture;
  fixture.add("a.lora_up.weight", {kOut, kRank, 1, 1}, up)
      .add("a.lora_mid.weight", {kRank, kRank, 3, 3}, mid)
      .add("a.lora_down.weight", {kRank, kIn, 1, 1}, down);
  std::vector<double> expected(kOut * kIn * kWindow);
  for (size_t o = 0; o < kOut; ++o)
    for (size_t p = 0; p < kRank; ++p)
      for (size_t q = 0; q < kRank; ++q)
        for (size_t i = 0; i < kIn; ++i)
          for (size_t k = 0; k < kWindow; ++k)
            expected[(o * kIn + i) * kWindow + k] += 0.5 * double(up[o * kRank + p]) *
                                                     double(mid[(p * kRank + q) * kWindow + k]) *
                                                     double(down[q * kIn + i]);
  expect_near(change_of(fixture, {kOut, kIn * kWindow}), expected);
}

// 2 MB of file, whose core times its input factor would be 1 GiB.
TEST(LoraDelta, ACoreThatAsksForFarMoreThanItsFileIsRefused) {
  constexpr int64_t kHugeRank = 1 << 18;
  SafetensorsFixture fixture;
  fixture.add("a.lora_up.weight", {1, kHugeRank, 1, 1}, std::vector<float>(kHugeRank))
      .add("a.lora_mid.weight", {kHugeRank, 1, 1, 1}, std::vector<float>(kHugeRank))
      .add("a.lora_down.weight", {1, 1024, 1, 1}, std::vector<float>(1024));
  const auto file = LoraFile::make(fixture.open()).value();
  EXPECT_EQ(lora_extents(*file, file->modules().at(0)).error().code, Code::invalid);
}

TEST(LoraDelta, HadamardMultipliesTwoProducts) {
  SafetensorsFixture fixture;
  fixture.add("a.hada_w1_a", {2, 1}, {1, 2}).add("a.hada_w1_b", {1, 2}, {3, 4});
  fixture.add("a.hada_w2_a", {2, 1}, {5, 6}).add("a.hada_w2_b", {1, 2}, {7, 8}).add("a.alpha", {}, {2});
  expect_near(change_of(fixture, {2, 2}), {3 * 35, 4 * 40, 6 * 42, 8 * 48});
}

TEST(LoraDelta, KroneckerRepeatsOneFactorInTheOther) {
  SafetensorsFixture fixture;
  fixture.add("a.lokr_w1", {1, 2}, {1, 10})
      .add("a.lokr_w2", {2, 1, 1, 2}, {2, 4, 6, 8})
      .add("a.alpha", {}, {64});
  expect_near(change_of(fixture, {2, 4}), {1, 2, 10, 20, 3, 4, 30, 40});
}

TEST(LoraDelta, TensorsThatDoNotFitAreRefused) {
  const auto extents = [](const SafetensorsFixture& fixture) {
    const auto file = LoraFile::make(fixture.open()).value();
    return lora_extents(*file, file->modules().at(0));
  };
  EXPECT_FALSE(
      extents(SafetensorsFixture().add_ramp("a.lora_A.weight", {2, 3}).add_ramp("a.lora_B.weight", {2, 3})));
  EXPECT_FALSE(
      extents(SafetensorsFixture().add_ramp("a.lora_A.weight", {0, 3}).add_ramp("a.lora_B.weight", {2, 0})));
  EXPECT_FALSE(extents(SafetensorsFixture().add_ramp("a.lora_A.weight", {}).add_ramp("a.lora_B.weight", {})));
  EXPECT_FALSE(extents(SafetensorsFixture()
                           .add_ramp("a.hada_w1_a", {2, 1})
                           .add_ramp("a.hada_w1_b", {1, 2})
                           .add_ramp("a.hada_w2_a", {3, 1})
                           .add_ramp("a.hada_w2_b", {1, 2})));
}

}  // namespace
}  // namespace limner
