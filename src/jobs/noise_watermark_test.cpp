// From the key to the picture and back, with the default model.

#include "jobs/noise_watermark.h"

#include <gtest/gtest.h>

#include "watermark/key_file.h"

namespace limner {
namespace {

const WatermarkKey kOwnKey{"a secret of the tests", 1};

Picture drawn_with(Model& model, const NoiseSigns* signs) {
  DrawingParams params;
  params.prompt = "a red apple";
  params.seed = 5;
  params.steps = 20;
  // The usual size and guidance leave too little of the noise: docs/watermark.md.
  params.width = params.height = 256;
  params.guidance = 1;
  const DrawingPtr drawing = open(model, params, {}, signs).value();
  Drawing* const one[] = {drawing.get()};
  while (!drawn(*drawing)) EXPECT_TRUE(step(one));
  return finish(*drawing).value();
}

TEST(NoiseWatermark, IdsFollowFromKeyOwnerAndSeed) {
  const WatermarkId id = noise_id(kOwnKey, "ten_a", 5);
  EXPECT_EQ(noise_id(kOwnKey, "ten_a", 5), id);
  EXPECT_LT(id.value, uint64_t{1} << kWatermarkIdBits);
  for (const WatermarkId& other : {noise_id(kOwnKey, "ten_b", 5), noise_id(kOwnKey, "ten_a", 6),
                                   noise_id({"another secret", 1}, "ten_a", 5)})
    EXPECT_NE(other.value, id.value);
}

TEST(NoiseWatermark, WhatIsRecordedComesBackAndNothingElseDoes) {
  const NoiseWatermark watermark(kOwnKey, {123456789012});
  const RecordedNoise recorded =
      recorded_noise({{"noise_watermark", watermark.json()}}, "what").value().value();
  EXPECT_EQ(recorded.id, watermark.id());
  EXPECT_EQ(recorded.key, watermark_key_name(kOwnKey));
  EXPECT_EQ(watermark.json().dump().find(kOwnKey.secret), std::string::npos);
  EXPECT_FALSE(recorded_noise(Json::object(), "what").value());
  for (const Json& wrong : {Json(nullptr), Json(5), Json::object(), Json{{"id", -1}, {"key", "a"}},
                            Json{{"id", uint64_t{1} << 40}, {"key", "a"}}, Json{{"id", 1.5}, {"key", "a"}},
                            Json{{"id", 1}, {"key", 2}}})
    EXPECT_EQ(recorded_noise({{"noise_watermark", wrong}}, "what").error().field, "what") << wrong;
}

TEST(NoiseWatermark, IsFoundInThePictureWithItsKeyAlone) {
  const ModelPtr model =
      load(LIMNER_SOURCE_DIR "/models/limner-tiny", LoadOptions{.dtype = "f32", .threads = 2}).value();
  const NoiseWatermark watermark(kOwnKey, {123456789012});
  const Picture marked = drawn_with(*model, &watermark), plain = drawn_with(*model, nullptr);
  const WatermarkKey other{"another secret", 1};
  const auto found = find_noise_watermark(*model, marked, {other, kOwnKey}, {}).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->nonce, noise_nonce(kOwnKey, 5));
  ASSERT_TRUE(found->id);
  EXPECT_EQ(found->id->value, 123456789012u);
  EXPECT_FALSE(find_noise_watermark(*model, marked, {other}, {}).value());
  EXPECT_FALSE(find_noise_watermark(*model, plain, {kOwnKey}, {}).value());
  const Picture odd{333, 77, 3, std::vector<uint8_t>(333 * 77 * 3)};
  EXPECT_EQ(find_noise_watermark(*model, odd, {kOwnKey}, {}).error().field, "size");
}

}  // namespace
}  // namespace limner
