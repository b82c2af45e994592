// From pictures back to their noise.

#include "engine/noise_inversion.h"

#include <algorithm>
#include <random>

#include "engine/drawing.h"
#include "engine/limner_tiny_drawings_test.h"
#include "engine/noise_signs.h"
#include "sampling/inversion.h"

namespace limner {
namespace {

class NoiseInversion : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = load_tiny().release(); }
  static void TearDownTestSuite() { ModelDeleter()(model_); }
  static Model* model_;
};
Model* NoiseInversion::model_ = nullptr;

/// Coin tosses of the seed.
class TossedSigns final : public NoiseSigns {
 public:
  std::vector<uint64_t> signs(uint64_t seed, size_t count) const override {
    std::mt19937_64 tosses(seed);
    std::vector<uint64_t> signs((count + 63) / 64);
    for (uint64_t& word : signs) word = tosses();
    return signs;
  }
  size_t values_min() const override { return 128; }
  Json json() const override { return 1; }
};

size_t right_signs(const std::vector<uint64_t>& signs, std::span<const float> noise) {
  size_t right = 0;
  for (size_t i = 0; i < noise.size(); ++i)
    right += ((signs[i / 64] >> (i % 64) & 1u) != 0) == (noise[i] > 0);
  return right;
}

// Without guidance; 1024 values, of which coin tosses have 512 right, with a standard deviation of 16.
DrawingParams unguided_brief(int steps) {
  DrawingParams params = small_brief("ddim", steps);
  params.width = params.height = 128;
  params.guidance = 1;
  return params;
}

// The steps themselves: nothing is lost but what steps are too long for. diffusers has 95 % right.
TEST_F(NoiseInversion, InversionFindsNearlyAllSignsBehindALatent) {
  const DrawingParams params = unguided_brief(50);
  const TossedSigns tossed;
  const DrawingPtr drawing = open(*model_, params, {}, &tossed).value();
  while (!drawn(*drawing)) take_steps(*drawing, 1);
  const DrawingPtr back = opened(*model_, params);
  back->sampler = make_ddim_inversion(back->request).value();
  std::ranges::copy(drawing->sampler->latent(), back->sampler->latent().begin());
  while (!drawn(*back)) take_steps(*back, 1);
  EXPECT_GT(right_signs(tossed.signs(*params.seed, 1024), back->sampler->latent()), 922u);
}

// The picture says much less: the prompt is gone, eight bits and the autoencoder lose a tenth of the latent.
TEST_F(NoiseInversion, InversionFindsMostSignsBehindAPicture) {
  const DrawingParams params = unguided_brief(20);
  const TossedSigns tossed;
  const DrawingPtr drawing = open(*model_, params, {}, &tossed).value();
  while (!drawn(*drawing)) take_steps(*drawing, 1);
  const Result<std::vector<float>> noise =
      invert_noise(*model_, *finish(*drawing), {.width = 128, .height = 128, .steps = 20});
  ASSERT_TRUE(noise) << noise.error().text();
  ASSERT_EQ(noise->size(), 1024u);
  EXPECT_GT(right_signs(tossed.signs(*params.seed, 1024), *noise), 592u);
}

TEST_F(NoiseInversion, InversionSaysWhatItCannotDo) {
  const Picture picture = small_picture();
  EXPECT_EQ(invert_noise(*model_, picture, {.width = 60, .height = 64}).error().field, "width");
  EXPECT_EQ(invert_noise(*model_, picture, {.width = 64, .height = 64, .steps = 0}).error().field, "steps");
  const auto stop = [](int, int) { return false; };
  EXPECT_EQ(
      invert_noise(*model_, picture, {.width = 64, .height = 64, .steps = 5, .progress = stop}).error().code,
      Code::cancelled);
}

}  // namespace
}  // namespace limner
