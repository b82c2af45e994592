// Attention of the shapes that Stable Diffusion 1.5, SDXL and their autoencoder ask for. The counter GF/s
// takes 4 B H Sq Sk D operations, as the literature does.

#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "backend/cpu/kernels/kernels.h"

namespace limner::cpu {
namespace {

struct Case {
  const char* name;
  AttentionShape shape;
};

constexpr Case kCases[] = {
    {"self_4096x40", {2, 8, 40, 4096, 4096, 0.16f}},   {"self_1024x80", {2, 8, 80, 1024, 1024, 0.11f}},
    {"self_256x160", {2, 8, 160, 256, 256, 0.08f}},    {"cross_4096x77x40", {2, 8, 40, 4096, 77, 0.16f}},
    {"self_4096x64", {2, 10, 64, 4096, 4096, 0.125f}}, {"self_1024x64", {2, 20, 64, 1024, 1024, 0.125f}},
    {"self_4096x128", {1, 4, 128, 4096, 4096, 0.09f}}, {"vae_4096x512", {1, 1, 512, 4096, 4096, 0.044f}},
    {"tiny_1024x16", {2, 4, 16, 1024, 1024, 0.25f}},
};

template <class T>
T cast(float value) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return value;
  } else {
    return to_bf16(value);
  }
}

template <class T>
std::vector<T> normal_values(int64_t count) {
  std::mt19937 engine(1);
  std::normal_distribution<float> normal;
  std::vector<T> values(static_cast<size_t>(count));
  for (T& value : values) value = cast<T>(normal(engine));
  return values;
}

template <class T>
void run_attention(benchmark::State& state, const Kernels& kernels, const AttentionShape& shape) {
  const int64_t width = shape.heads * shape.head_width;
  const std::vector<T> q = normal_values<T>(shape.batch * shape.queries * width);
  const std::vector<T> k = normal_values<T>(shape.batch * shape.keys * width);
  std::vector<T> out(q.size());
  const AttentionData<T> data{q.data(), k.data(), k.data(), out.data(), width, width, width, width};
  std::vector<std::byte> scratch(kernels.of<T>().attention_scratch_bytes(shape, 64));
  for (auto _ : state) kernels.of<T>().attention(shape, data, scratch.data());
  const double operations = 4.0 * static_cast<double>(shape.batch * shape.queries * width * shape.keys);
  state.counters["GF/s"] =
      benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const Kernels* kernels : available_kernels()) {
    for (const Case& one : kCases) {
      const std::string name = std::string(kernels->name) + "/" + one.name;
      benchmark::RegisterBenchmark((name + "/f32").c_str(), run_attention<float>, *kernels, one.shape)
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
      benchmark::RegisterBenchmark((name + "/bf16").c_str(), run_attention<Bf16>, *kernels, one.shape)
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
}  // namespace limner::cpu
