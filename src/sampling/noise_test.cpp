#include "sampling/noise.h"

#include <gtest/gtest.h>

#include <vector>

namespace limner {
namespace {

std::vector<float> draw(NoiseStream& stream, size_t count) {
  std::vector<float> numbers(count);
  stream.normal(numbers);
  return numbers;
}

std::unique_ptr<NoiseStream> noise_stream(std::string_view kind, uint64_t seed) {
  return find_noise_kind(kind).value()->make(seed);
}

// torch.randn(16, generator=torch.Generator().manual_seed(42)) of PyTorch 2.13 with AVX-512.
TEST(TorchNoise, IsTorchsBlockOfSixteen) {
  const std::vector<float> expected = {1.92691529f,   1.48728406f,   0.900717199f,   -2.10552096f,
                                       0.678418458f,  -1.23454487f,  -0.0430674776f, -1.60466695f,
                                       -0.752135277f, 1.64872301f,   -0.392478645f,  -1.40360713f,
                                       -0.727881312f, -0.559430182f, -0.768838882f,  0.76244539f};
  EXPECT_EQ(draw(*noise_stream("torch", 42), 16), expected);
}

// torch.randn(5, ...), drawn one by one.
TEST(TorchNoise, IsTorchsShortDraw) {
  const std::vector<float> expected = {0.336690366f, 0.128809407f, 0.234462366f, 0.23033303f, -1.12285638f};
  EXPECT_EQ(draw(*noise_stream("torch", 42), 5), expected);
}

// torch.randn(19, ...)[-4:]: the last sixteen are drawn anew.
TEST(TorchNoise, IsTorchsRaggedEnd) {
  const std::vector<float> all = draw(*noise_stream("torch", 42), 19);
  const std::vector<float> expected = {0.859858513f, -0.309726775f, -0.395710498f, 0.803409338f};
  EXPECT_EQ(std::vector<float>(all.end() - 4, all.end()), expected);
}

TEST(TorchNoise, KeepsTheSecondOfAPairForTheNextShortDraw) {
  const auto parts = noise_stream("torch", 1), whole = noise_stream("torch", 1);
  std::vector<float> numbers = draw(*parts, 5);
  const std::vector<float> more = draw(*parts, 3);
  numbers.insert(numbers.end(), more.begin(), more.end());
  EXPECT_EQ(numbers, draw(*whole, 8));
}

TEST(TorchNoise, CountsOnlyTheLowHalfOfTheSeed) {
  EXPECT_EQ(draw(*noise_stream("torch", 42), 32), draw(*noise_stream("torch", (1ull << 32) + 42), 32));
}

// A1111's NV source, seed 0, shape (3, 4), from its own test.
TEST(PhiloxNoise, IsTheVectorOfA1111) {
  const std::vector<float> expected = {-0.92466259f, -0.42534415f, -2.6438457f,  0.14518388f,
                                       -0.12086647f, -0.57972564f, -0.62285122f, -0.32838709f,
                                       -1.07454231f, -0.36314407f, -1.67105067f, 2.26550497f};
  const std::vector<float> drawn = draw(*noise_stream("philox", 0), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_FLOAT_EQ(drawn[i], expected[i]);
}

TEST(PhiloxNoise, CountsAllOfTheSeed) {
  EXPECT_NE(draw(*noise_stream("philox", 42), 4), draw(*noise_stream("philox", (1ull << 32) + 42), 4));
}

TEST(Noise, GoesOnInAClone) {
  for (const NoiseKind* kind : noise_kinds()) {
    const auto stream = kind->make(3);
    draw(*stream, 7);
    const auto copy = stream->clone();
    EXPECT_EQ(draw(*stream, 40), draw(*copy, 40)) << kind->name;
    EXPECT_NE(draw(*stream, 40), draw(*kind->make(3), 40)) << kind->name;
  }
}

TEST(Noise, IsFoundByNameOrListed) {
  for (const NoiseKind* kind : noise_kinds()) EXPECT_EQ(find_noise_kind(kind->name).value(), kind);
  EXPECT_EQ(find_noise_kind("perlin").error().field, "noise");
}

}  // namespace
}  // namespace limner
