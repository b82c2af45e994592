#include "watermark/bch.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

namespace limner {
namespace {

int weight(const CodeWord& word) { return std::popcount(word.low) + std::popcount(word.high); }

std::array<float, kCodeBits> soft_bits(const CodeWord& word) {
  std::array<float, kCodeBits> soft{};
  for (int i = 0; i < kCodeBits; ++i) soft[static_cast<size_t>(i)] = word.bit(i) ? 1.0f : -1.0f;
  return soft;
}

TEST(Bch, HasThePublishedDimensions) {
  EXPECT_EQ(BchCode(10).payload_bits(), 64);
  EXPECT_EQ(BchCode(15).payload_bits(), 36);
}

TEST(Bch, WordsDifferInAtLeastTheDesignedDistance) {
  std::mt19937_64 random(1);
  for (const int t : {10, 15}) {
    const BchCode code(t);
    const uint64_t mask = code.payload_bits() == 64 ? ~uint64_t{0} : (uint64_t{1} << code.payload_bits()) - 1;
    int least = kCodeBits;
    for (int i = 0; i < code.payload_bits(); ++i)
      least = std::min(least, weight(code.encode(uint64_t{1} << i)));
    for (int i = 0; i < 20000; ++i) {
      const uint64_t payload = random() & mask;
      if (payload) least = std::min(least, weight(code.encode(payload)));
    }
    EXPECT_GE(least, 2 * t + 1);
  }
}

TEST(Bch, IsLinearAndSystematic) {
  const BchCode code(10);
  CodeWord sum = code.encode(0x0123456789abcdefu);
  sum ^= code.encode(0xfedcba9876543210u);
  EXPECT_EQ(sum, code.encode(0x0123456789abcdefu ^ 0xfedcba9876543210u));
  for (int i = 0; i < 64; ++i) EXPECT_EQ(code.encode(0x8000000000000001u).bit(63 + i), i == 0 || i == 63);
}

TEST(Bch, CorrectsAsManyHardErrorsAsItWasDesignedFor) {
  std::mt19937_64 random(2);
  for (const int t : {10, 15}) {
    const BchCode code(t);
    for (int trial = 0; trial < 20; ++trial) {
      const uint64_t payload = random() >> (64 - code.payload_bits());
      auto soft = soft_bits(code.encode(payload));
      // Wrong bits are less sure of themselves than right ones, as they are where noise makes them wrong.
      for (int error = 0; error < t; ++error) {
        float& value = soft[random() % kCodeBits];
        value = value > 0 ? -0.4f : 0.4f;
      }
      EXPECT_EQ(code.decode(soft, 2).payload, payload);
    }
  }
}

TEST(Bch, ReadsThroughNoiseThatMakesMoreErrorsThanHardDecodingCorrects) {
  std::mt19937_64 random(3);
  std::normal_distribution<float> noise(0, 1);
  const BchCode code(10);
  int read = 0;
  constexpr int kTrials = 60;
  for (int trial = 0; trial < kTrials; ++trial) {
    const uint64_t payload = random();
    auto soft = soft_bits(code.encode(payload));
    for (float& value : soft) value = 1.35f * value + noise(random);  // 11 errors on average
    read += code.decode(soft, 2).payload == payload;
  }
  EXPECT_GE(read, kTrials * 85 / 100);
}

TEST(Bch, CorrelationTellsAWordFromNoise) {
  const BchCode code(15);
  EXPECT_FLOAT_EQ(code.decode(soft_bits(code.encode(12345)), 1).correlation, kCodeBits);
  EXPECT_EQ(code.decode(soft_bits(code.encode(12345)), 1).errors, 0);
  std::mt19937_64 random(4);
  std::normal_distribution<float> noise(0, 1);
  std::array<float, kCodeBits> soft{};
  for (float& value : soft) value = noise(random);
  const SoftDecoded in_noise = code.decode(soft, 3);
  EXPECT_LT(in_noise.correlation, 8.0f * std::sqrt(127.0f));
  EXPECT_GT(in_noise.errors, 20);
}

}  // namespace
}  // namespace limner
