#pragma once
// Loops over OpenMP threads. What one index computes never depends on which thread does it.

#include <omp.h>

#include <algorithm>
#include <cstdint>

#include "backend/cpu/kernels/isa.h"

namespace limner::cpu::LIMNER_ISA {

/// task(i) for i in [0, count), equal shares.
template <class Task>
inline void parallel_for(int64_t count, Task task) {
#pragma omp parallel for schedule(static) if (count > 1)
  for (int64_t i = 0; i < count; ++i) task(i);
}

/// The same with an object of type Held on every thread, for as long as it takes part.
template <class Held, class Task>
inline void parallel_for_holding(int64_t count, Task task) {
#pragma omp parallel if (count > 1)
  {
    [[maybe_unused]] const Held held;
#pragma omp for schedule(static)
    for (int64_t i = 0; i < count; ++i) task(i);
  }
}

/// task(begin, end) for consecutive pieces of [0, count): whole multiples of `unit` near 16 Ki elements when
/// an index stands for `elements` of them. Below that a thread costs more than it saves.
template <class Task>
inline void parallel_ranges(int64_t count, int64_t elements, Task task) {
  const int64_t step = std::max<int64_t>(1, (int64_t{1} << 14) / std::max<int64_t>(elements, 1));
  parallel_for((count + step - 1) / step,
               [&](int64_t i) { task(i * step, std::min(count, (i + 1) * step)); });
}

}  // namespace limner::cpu::LIMNER_ISA
