// Philox4x32-10 normals as NVIDIA GPUs draw them for PyTorch, by way of A1111's "NV" random source. Salmon et
// al. 2011 (doi:10.1145/2063384.2063405).

#include <array>
#include <cmath>
#include <numbers>

#include "sampling/noise.h"

namespace limner {
namespace {

using Counter = std::array<uint32_t, 4>;

Counter philox(Counter c, uint64_t key) {
  auto low = static_cast<uint32_t>(key), high = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{c[0]} * 0xD2511F53u, b = uint64_t{c[2]} * 0xCD9E8D57u;
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ low, static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ high, static_cast<uint32_t>(a)};
    low += 0x9E3779B9u;
    high += 0xBB67AE85u;
  }
  return c;
}

class PhiloxStream final : public NoiseStream {
 public:
  explicit PhiloxStream(uint64_t seed) : seed_(seed) {}

  // Each call is numbered, and each of its elements has its own counter.
  void normal(std::span<float> out) override {
    for (size_t i = 0; i < out.size(); ++i) {
      const Counter words = philox({calls_, 0, static_cast<uint32_t>(i), 0}, seed_);
      const double u = words[0] * 0x1p-32 + 0x1p-33;
      const double angle = (words[1] * 0x1p-32 + 0x1p-33) * 2 * std::numbers::pi;
      out[i] = static_cast<float>(std::sqrt(-2 * std::log(u)) * std::sin(angle));
    }
    ++calls_;
  }

  std::unique_ptr<NoiseStream> clone() const override { return std::make_unique<PhiloxStream>(*this); }

 private:
  uint64_t seed_;
  uint32_t calls_ = 0;
};

}  // namespace

extern const NoiseKind kPhiloxNoise;
const NoiseKind kPhiloxNoise = {
    "philox", "NVIDIA's generator: a seed draws what A1111 draws on a GPU",
    [](uint64_t seed) -> std::unique_ptr<NoiseStream> { return std::make_unique<PhiloxStream>(seed); }};

}  // namespace limner
