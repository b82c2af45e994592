#pragma once
// What lowering and running share: the kernels for this CPU, the library's engine, the number of threads.

#include <dnnl.hpp>

#include "backend/backend.h"
#include "backend/cpu/kernels/kernels.h"

namespace limner::cpu {

struct Tools {
  const Kernels& kernels;
  dnnl::engine engine;
  int threads;
  /// Whether the library rounds a row the same way in any batch: so it is with its AVX-512 code (measured),
  /// not before.
  bool stable_in_batches;
  /// Whether that goes for matrix products in bf16 too. Not with AMX: how their sums are cut depends on rows
  /// and threads, where that of convolutions does not (measured).
  bool stable_bf16_products;
};

/// The type of activations and matrix weights.
inline DType internal_type(Precision precision) {
  return precision == Precision::f32 ? DType::f32 : DType::bf16;
}

/// f32 and bf16 only.
inline dnnl::memory::data_type library_type(DType type) {
  return type == DType::bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

/// OpenMP's thread number for the calling thread, put back at the end: callers' other parallel code is not
/// affected.
class ThreadScope {
 public:
  explicit ThreadScope(int threads);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

}  // namespace limner::cpu
