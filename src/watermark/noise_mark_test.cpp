#include "watermark/noise_mark.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "watermark/payload.h"

namespace limner {
namespace {

const WatermarkKey kNoiseKey{"a secret of the tests", 1};
constexpr WatermarkId kNoiseId{0xa5'1234'5678};

bool positive(const std::vector<uint64_t>& signs, size_t i) { return (signs[i / 64] >> (i % 64) & 1u) != 0; }

// A marked noise as an inversion gives it back: correlated with the one that was drawn by `likeness`.
std::vector<float> received(const WatermarkKey& key, WatermarkId id, uint64_t seed, size_t count,
                            double likeness) {
  const std::vector<uint64_t> signs = noise_signs(key, id, seed, count);
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, 1);
  std::vector<float> noise;
  for (size_t i = 0; i < count; ++i) {
    const double drawn = std::fabs(normal(random)) * (positive(signs, i) ? 1 : -1);
    noise.push_back(
        static_cast<float>(likeness * drawn + std::sqrt(1 - likeness * likeness) * normal(random)));
  }
  return noise;
}

TEST(NoiseMark, SignsAreAFunctionOfKeySeedAndId) {
  const std::vector<uint64_t> signs = noise_signs(kNoiseKey, kNoiseId, 7, 4096);
  ASSERT_EQ(signs.size(), 64u);
  EXPECT_EQ(noise_signs(kNoiseKey, kNoiseId, 7, 4096), signs);
  EXPECT_NE(noise_signs(kNoiseKey, kNoiseId, 8, 4096), signs);
  EXPECT_NE(noise_signs(kNoiseKey, {1}, 7, 4096), signs);
  EXPECT_NE(noise_signs({"another secret", 1}, kNoiseId, 7, 4096), signs);
}

// Standard deviations of counts of fair coins: what coin tosses would do.
TEST(NoiseMark, SignsAreBalancedAndDoNotFollowEachOtherNorTheirSeeds) {
  constexpr size_t kCount = 4096, kSeeds = 64;
  double ones = 0, followed = 0, shared = 0;
  std::vector<uint64_t> before = noise_signs(kNoiseKey, kNoiseId, 1000, kCount);
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const std::vector<uint64_t> signs = noise_signs(kNoiseKey, kNoiseId, seed, kCount);
    for (size_t i = 0; i < kCount; ++i) {
      ones += positive(signs, i);
      // The next value of the same code bit, too.
      followed += positive(signs, i) == positive(signs, (i + kCodeBits) % kCount);
      shared += positive(signs, i) == positive(before, i);
    }
    before = signs;
  }
  const double all = kCount * kSeeds, deviation = std::sqrt(all) / 2;
  EXPECT_NEAR(ones, all / 2, 4 * deviation);
  EXPECT_NEAR(followed, all / 2, 4 * deviation);
  EXPECT_NEAR(shared, all / 2, 4 * deviation);
}

TEST(NoiseMark, NoncesSpreadOverTheirRange) {
  std::map<uint16_t, int> counts;
  for (uint64_t seed = 0; seed < 2000; ++seed) ++counts[noise_nonce(kNoiseKey, seed)];
  // Of 2000 throws into 65,536 boxes about 30 fall into one that is taken.
  EXPECT_GT(counts.size(), 1900u);
  EXPECT_NE(noise_nonce(kNoiseKey, 1), noise_nonce({"another secret", 1}, 1));
}

TEST(NoiseMark, IdsComeBackThroughManyWrongSigns) {
  // A likeness of 0.4 has 37 % of the signs wrong.
  const std::optional<NoiseReading> reading =
      read_noise(received(kNoiseKey, kNoiseId, 7, 4096, 0.4), kNoiseKey, 1);
  ASSERT_TRUE(reading);
  ASSERT_TRUE(reading->id);
  EXPECT_EQ(*reading->id, kNoiseId);
  EXPECT_EQ(reading->id_bits, kWatermarkIdBits);
  EXPECT_EQ(reading->nonce, noise_nonce(kNoiseKey, 7));
  EXPECT_LT(reading->p_value, 1e-7);
}

TEST(NoiseMark, SmallNoisesCarryTheLowBits) {
  const std::optional<NoiseReading> reading =
      read_noise(received(kNoiseKey, kNoiseId, 8, 1024, 0.8), kNoiseKey, 1);
  ASSERT_TRUE(reading);
  ASSERT_TRUE(reading->id);
  EXPECT_EQ(reading->id->value, kNoiseId.value & 0xfffff);
  EXPECT_EQ(reading->id_bits, kBriefIdBits);
}

// As if another code word had been marked, which is none.
TEST(NoiseMark, MarkedIsSeenWhereTheIdIsNotRead) {
  std::vector<float> noise = received(kNoiseKey, kNoiseId, 20, 4096, 0.5);
  for (size_t i = 0; i < noise.size(); ++i)
    if (i % kCodeBits < 50) noise[i] = -noise[i];
  const std::optional<NoiseReading> reading = read_noise(noise, kNoiseKey, 1);
  ASSERT_TRUE(reading);
  EXPECT_FALSE(reading->id);
  EXPECT_EQ(reading->nonce, noise_nonce(kNoiseKey, 20));
}

TEST(NoiseMark, OtherKeysUnmarkedNoisesAndNothingReadAsNothing) {
  const std::vector<float> marked = received(kNoiseKey, kNoiseId, 7, 1024, 1);
  EXPECT_TRUE(read_noise(marked, kNoiseKey, 1));
  EXPECT_FALSE(read_noise(marked, {"another secret", 1}, 1));
  EXPECT_FALSE(read_noise(marked, {kNoiseKey.secret, 2}, 1));
  std::mt19937_64 random(5);
  std::normal_distribution<float> normal(0, 1);
  for (int trial = 0; trial < 2; ++trial) {
    std::vector<float> noise(1024);
    for (float& value : noise) value = normal(random) + static_cast<float>(trial);
    EXPECT_FALSE(read_noise(noise, kNoiseKey, 1));
    // All the weight on few values.
    for (size_t i = 40; i < noise.size(); ++i) noise[i] *= 1e-4f;
    EXPECT_FALSE(read_noise(noise, kNoiseKey, 1));
  }
  EXPECT_FALSE(read_noise(std::vector<float>(1024, 0.0f), kNoiseKey, 1));
  EXPECT_FALSE(read_noise(std::vector<float>(1024, std::nanf("")), kNoiseKey, 1));
  EXPECT_FALSE(read_noise(std::vector<float>(100, 1.0f), kNoiseKey, 1));
}

}  // namespace
}  // namespace limner
