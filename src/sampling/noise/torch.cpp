// PyTorch's CPU normals: Mersenne Twister uniforms, Box-Muller in blocks of 16 (aten/src/ATen/native/cpu/
// DistributionTemplates.h, normal_fill). Its vector code takes log, sin and cos from Cephes by way of
// avx_mathfun.h (Pommier 2007, Garberoglio 2012, zlib licence), which the compiler fuses; the fma calls here
// are those it chose.

#include "sampling/noise/torch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

namespace limner {
namespace {

constexpr size_t kBlock = 16;

// Cephes' logf for x in (0, 1], normal.
float cephes_log(float x) {
  constexpr float kP[] = {7.0376836292E-2f,  -1.1514610310E-1f, 1.1676998740E-1f,
                          -1.2420140846E-1f, 1.4249322787E-1f,  -1.6668057665E-1f,
                          2.0000714765E-1f,  -2.4999993993E-1f, 3.3333331174E-1f};
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  float exponent = static_cast<float>(static_cast<int>(bits >> 23) - 126);
  float mantissa = std::bit_cast<float>((bits & 0x807fffffu) | 0x3f000000u);  // in [0.5, 1)
  const bool small = mantissa < 0.707106781186547524f;
  const float twice = small ? mantissa : 0.0f;
  exponent -= small ? 1.0f : 0.0f;
  const float r = mantissa - 1 + twice, z = r * r;
  float y = kP[0];
  for (size_t i = 1; i < std::size(kP); ++i) y = std::fma(y, r, kP[i]);
  // log(2) in two parts, 0.693359375 - 2.12194440e-4.
  y = std::fma(y * r, z, exponent * -2.12194440e-4f);
  y = std::fma(-z, 0.5f, y);
  return std::fma(exponent, 0.693359375f, r + y);
}

struct SinCos {
  float sin, cos;
};

// Cephes' sinf and cosf for x in [0, 2 pi].
SinCos cephes_sincos(float x) {
  const int octant = (static_cast<int>(x * 1.27323954473516f) + 1) & ~1;
  const float turns = static_cast<float>(octant);
  // x - octant * pi / 4, with pi / 4 in three parts.
  float r = std::fma(turns, -0.78515625f, x);
  r = std::fma(turns, -2.4187564849853515625e-4f, r);
  r = std::fma(turns, -3.77489497744594108e-8f, r);
  const float z = r * r;
  float cos =
      std::fma(std::fma(2.443315711809948E-005f, z, -1.388731625493765E-003f), z, 4.166664568298827E-002f);
  cos = std::fma(cos * z, z, -(z * 0.5f)) + 1;
  float sin = std::fma(std::fma(-1.9515295891E-4f, z, 8.3321608736E-3f), z, -1.6666654611E-1f);
  sin = std::fma(sin * z, r, r);
  if ((octant & 2) != 0) std::swap(sin, cos);
  return {(octant & 4) != 0 ? -sin : sin, ((octant - 2) & 4) == 0 ? -cos : cos};
}

}  // namespace

void TorchStream::normal(std::span<float> out) {
  if (out.size() < kBlock) {
    for (float& value : out) value = static_cast<float>(normal_f64());
    return;
  }
  for (float& value : out) value = uniform_f32();
  for (size_t i = 0; i + kBlock <= out.size(); i += kBlock) fill_block(out.subspan(i).first<kBlock>());
  if (out.size() % kBlock == 0) return;
  // A ragged end is drawn anew, together with the numbers before it that make it a block.
  const auto last = out.last<kBlock>();
  for (float& value : last) value = uniform_f32();
  fill_block(last);
}

// Uniforms to normals, pairing the first half with the second. Box and Muller 1958.
void TorchStream::fill_block(std::span<float, kBlock> block) {
  constexpr float kTwoPi = 2 * std::numbers::pi_v<float>;
  for (size_t i = 0; i < kBlock / 2; ++i) {
    const float radius = std::sqrt(-2 * cephes_log(1 - block[i]));
    const auto [sin, cos] = cephes_sincos(kTwoPi * block[i + kBlock / 2]);
    block[i] = radius * cos;
    block[i + kBlock / 2] = radius * sin;
  }
}

float TorchStream::uniform_f32() { return static_cast<float>(engine_() & 0xffffffu) * 0x1p-24f; }

double TorchStream::uniform_f64() {
  const uint64_t high = engine_(), low = engine_();
  return static_cast<double>((high << 32 | low) & ((1ull << 53) - 1)) * 0x1p-53;
}

double TorchStream::normal_f64() {
  if (spare_) return *std::exchange(spare_, std::nullopt);
  const double angle = 2 * std::numbers::pi * uniform_f64();
  const double radius = std::sqrt(-2 * std::log1p(-uniform_f64()));
  spare_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

extern const NoiseKind kTorchNoise;
const NoiseKind kTorchNoise = {
    "torch", "PyTorch's CPU generator: a seed draws what diffusers draws",
    [](uint64_t seed) -> std::unique_ptr<NoiseStream> { return std::make_unique<TorchStream>(seed); }};

}  // namespace limner
