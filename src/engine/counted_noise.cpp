#include "engine/counted_noise.h"

namespace limner {

CountedNoise::CountedNoise(const NoiseKind& kind, uint64_t seed)
    : kind_(kind), seed_(seed), stream_(kind.make(seed)) {
  runs_.reserve(16);
}

CountedNoise::CountedNoise(const CountedNoise& other)
    : kind_(other.kind_), seed_(other.seed_), stream_(other.stream_->clone()), runs_(other.runs_) {}

void CountedNoise::normal(std::span<float> out) {
  stream_->normal(out);
  if (runs_.empty() || runs_.back().size != out.size()) runs_.push_back({out.size(), 0});
  ++runs_.back().calls;
}

std::unique_ptr<NoiseStream> CountedNoise::clone() const {
  return std::unique_ptr<NoiseStream>(new CountedNoise(*this));
}

void CountedNoise::replay(std::span<const Run> runs) {
  stream_ = kind_.make(seed_);
  runs_.clear();
  std::vector<float> numbers;
  for (const Run& run : runs) {
    numbers.resize(run.size);
    for (uint64_t call = 0; call < run.calls; ++call) normal(numbers);
  }
}

}  // namespace limner
