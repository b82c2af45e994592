#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "sampling/noise.h"

namespace limner {

/// The stream of torch.Generator("cpu").manual_seed(seed): each normal() is one torch.randn in f32, bit for
/// bit what PyTorch 2 draws on CPUs with AVX2 or AVX-512. Only the seed's low 32 bits count, as there.
class TorchStream final : public NoiseStream {
 public:
  explicit TorchStream(uint64_t seed) : engine_(static_cast<uint32_t>(seed)) {}

  void normal(std::span<float> out) override;
  std::unique_ptr<NoiseStream> clone() const override { return std::make_unique<TorchStream>(*this); }

 private:
  void fill_block(std::span<float, 16> block);
  float uniform_f32();
  double uniform_f64();
  double normal_f64();

  std::mt19937 engine_;
  std::optional<double> spare_;  ///< the second of a pair drawn one by one; torch keeps it from call to call
};

}  // namespace limner
