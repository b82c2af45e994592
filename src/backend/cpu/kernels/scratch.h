#pragma once
// Cuts the caller's scratch memory into arrays. With no memory it only counts, so that one description of the
// arrays serves both a kernel and its *_scratch_bytes().

#include <cstddef>
#include <cstdint>

#include "backend/cpu/kernels/isa.h"

namespace limner::cpu::LIMNER_ISA {

class Carver {
 public:
  /// Counts only: take() returns pointers that must not be used.
  Carver() = default;
  explicit Carver(void* memory) : base_(reinterpret_cast<uintptr_t>(memory)) { align(); }

  /// The next `count` values of T, at the start of a cache line.
  template <class T>
  T* take(int64_t count) {
    // A number, not a pointer: counting starts at no memory, where pointers must not be added to.
    T* array = reinterpret_cast<T*>(base_ + used_);  // NOLINT(performance-no-int-to-ptr)
    used_ += static_cast<size_t>(count) * sizeof(T);
    align();
    return array;
  }
  /// What was taken, plus what aligning an arbitrary pointer may cost.
  size_t bytes() const { return used_ + kLine; }

 private:
  static constexpr size_t kLine = 64;
  void align() { used_ += (kLine - (base_ + used_) % kLine) % kLine; }

  uintptr_t base_ = 0;
  size_t used_ = 0;
};

}  // namespace limner::cpu::LIMNER_ISA
