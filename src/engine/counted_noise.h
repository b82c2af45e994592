#pragma once
// A noise stream that knows how far it has been read.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sampling/noise.h"

namespace limner {

/// Hands out another stream's numbers and counts the calls, so that a drawing can be resumed: a stream's
/// state is what was asked of it since its seed. Streams give other numbers for one call of 2n than for two
/// of n, so calls are counted by their size.
class CountedNoise final : public NoiseStream {
 public:
  /// `calls` times normal() with `size` numbers.
  struct Run {
    uint64_t size = 0, calls = 0;
    friend bool operator==(const Run&, const Run&) = default;
  };

  CountedNoise(const NoiseKind& kind, uint64_t seed);
  /// Allocates nothing unless sizes alternate more than 16 times.
  void normal(std::span<float> out) override;
  std::unique_ptr<NoiseStream> clone() const override;

  std::span<const Run> read() const { return runs_; }
  /// Starts again at the seed and reads as `runs` says, which the caller has bounded.
  void replay(std::span<const Run> runs);

 private:
  CountedNoise(const CountedNoise& other);

  const NoiseKind& kind_;
  uint64_t seed_;
  std::unique_ptr<NoiseStream> stream_;
  std::vector<Run> runs_;
};

}  // namespace limner
