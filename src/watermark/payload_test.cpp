#include "watermark/payload.h"

#include <gtest/gtest.h>

#include <random>

namespace limner {
namespace {

const WatermarkKey kPayloadKey{"a secret of the tests", 7};

SoftValues soft_carriers(const CodeWord& word, float strength) {
  SoftValues soft;
  soft.noise = 1;
  for (int i = 0; i < kCodeBits; ++i)
    soft.carriers[static_cast<size_t>(i + 1)] = word.bit(i) ? strength : -strength;
  return soft;
}

TEST(Payload, IdsOfBothLengthsComeBack) {
  const Carriers carriers(kPayloadKey);
  for (const uint64_t id : {uint64_t{0}, uint64_t{1}, uint64_t{0xffffffffff}, uint64_t{0x123456789a}}) {
    const auto full = decode_id(soft_carriers(encode_id({id}, kWatermarkIdBits, kPayloadKey, carriers), 2),
                                kPayloadKey, carriers, 20, 2);
    ASSERT_TRUE(full);
    EXPECT_EQ(full->id.value, id);
    EXPECT_EQ(full->id_bits, kWatermarkIdBits);
    const auto brief = decode_id(soft_carriers(encode_id({id}, kBriefIdBits, kPayloadKey, carriers), 2),
                                 kPayloadKey, carriers, 20, 2);
    ASSERT_TRUE(brief);
    EXPECT_EQ(brief->id.value, id & 0xfffff);
    EXPECT_EQ(brief->id_bits, kBriefIdBits);
  }
}

TEST(Payload, WeakCarriersOfTheRightSignsAreEnough) {
  const Carriers carriers(kPayloadKey);
  EXPECT_TRUE(decode_id(soft_carriers(encode_id({5}, kWatermarkIdBits, kPayloadKey, carriers), 0.1f),
                        kPayloadKey, carriers, 20, 2));
}

TEST(Payload, ADifferentLabelOrKeyIsNothing) {
  const Carriers carriers(kPayloadKey);
  const SoftValues soft = soft_carriers(encode_id({5}, kWatermarkIdBits, kPayloadKey, carriers), 2);
  EXPECT_FALSE(decode_id(soft, {kPayloadKey.secret, 8}, carriers, 20, 2));
  const WatermarkKey other{"another secret", 7};
  EXPECT_FALSE(decode_id(soft, other, Carriers(other), 20, 2));
}

TEST(Payload, NoiseAndNothingAreNothing) {
  const Carriers carriers(kPayloadKey);
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal(0, 1);
  for (int trial = 0; trial < 300; ++trial) {
    SoftValues soft;
    soft.noise = 1;
    for (float& value : soft.carriers) value = normal(random);
    EXPECT_FALSE(decode_id(soft, kPayloadKey, carriers, 1, 2));
  }
  EXPECT_FALSE(decode_id({}, kPayloadKey, carriers, 1, 2));
}

}  // namespace
}  // namespace limner
