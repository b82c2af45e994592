#pragma once
// What the kernels' tests share: deliberately misaligned arrays with guards, and runs on one and on two
// threads.

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "backend/cpu/kernels/kernels.h"

namespace limner::cpu {

inline float as_f32(float value) { return value; }
inline float as_f32(Bf16 value) { return to_f32(value); }

template <class T>
T from_f32(float value) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return value;
  } else {
    return to_bf16(value);
  }
}

/// `count` values that start one element past an aligned address, between guards that ok() checks.
template <class T>
class Guarded {
 public:
  explicit Guarded(int64_t count) : values_(static_cast<size_t>(count) + 2, from_f32<T>(kGuard)) {}
  /// Standard normal values times `scale` plus `offset`.
  static Guarded normal(int64_t count, uint32_t seed, float scale = 1, float offset = 0) {
    Guarded result(count);
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal;
    for (int64_t i = 0; i < count; ++i) result.data()[i] = from_f32<T>(normal(engine) * scale + offset);
    return result;
  }
  T* data() { return values_.data() + 1; }
  const T* data() const { return values_.data() + 1; }
  float operator[](int64_t i) const { return as_f32(data()[i]); }
  int64_t size() const { return static_cast<int64_t>(values_.size()) - 2; }
  bool ok() const { return as_f32(values_.front()) == kGuard && as_f32(values_.back()) == kGuard; }
  bool same_bytes(const Guarded& other) const {
    return values_.size() == other.values_.size() &&
           std::memcmp(values_.data(), other.values_.data(), values_.size() * sizeof(T)) == 0;
  }

 private:
  static constexpr float kGuard = -12352;  // exact in bf16
  std::vector<T> values_;
};

/// Runs `task` on `threads` threads.
template <class Task>
void on_threads(int threads, Task task) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(threads);
  task();
  omp_set_num_threads(before);
}

/// Rounding of T, relative: half a unit in the last place.
template <class T>
constexpr double kRounding = sizeof(T) == sizeof(float) ? 0x1p-24 : 0x1p-8;

/// |got - expected| <= relative |expected| + absolute.
inline void expect_close(double got, double expected, double relative, double absolute, int64_t at) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(got)) << "at " << at;
  } else if (!(std::abs(got - expected) <= relative * std::abs(expected) + absolute)) {
    ADD_FAILURE() << "at " << at << ": " << got << ", expected " << expected;
  }
}

/// The tests' types.
template <class T>
class TypedKernelTest : public testing::Test {};
using ActivationTypes = testing::Types<float, Bf16>;

}  // namespace limner::cpu
