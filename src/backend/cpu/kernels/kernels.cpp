#include "backend/cpu/kernels/kernels.h"

#include <array>

#include "backend/cpu/kernels/tables.h"

namespace limner::cpu {
namespace {

#if defined(__x86_64__)
constexpr std::array<const Kernels*, 4> kTables = {&kGenericKernels, &kAvx2Kernels, &kAvx512Kernels,
                                                   &kAvx512Bf16Kernels};

/// How many tables from the first on this CPU (and the system, which has to save the registers) can run.
size_t table_count() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 1;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq")) {
    return 2;
  }
  // Every CPU that multiplies bf16 multiplies bytes too, but a system may hide it.
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni") ? 4 : 3;
}
#else
constexpr std::array<const Kernels*, 1> kTables = {&kGenericKernels};

size_t table_count() { return 1; }
#endif

}  // namespace

std::span<const Kernels* const> available_kernels() { return std::span(kTables).first(table_count()); }

const Kernels& best_kernels() { return *available_kernels().back(); }

}  // namespace limner::cpu
