#include "sampling/noise.h"

#include "sampling/named.h"

namespace limner {

extern const NoiseKind kTorchNoise, kPhiloxNoise;

namespace {

// A kind of noise exists for the CLI, the params table and the tests by being named here; the first is the
// default.
constexpr const NoiseKind* kKinds[] = {&kTorchNoise, &kPhiloxNoise};

}  // namespace

std::span<const NoiseKind* const> noise_kinds() { return kKinds; }

Result<const NoiseKind*> find_noise_kind(std::string_view name) {
  return find_named(noise_kinds(), name, "noise");
}

}  // namespace limner
