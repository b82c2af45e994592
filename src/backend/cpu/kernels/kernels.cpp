#include "backend/cpu/kernels/kernels.h"

#include <array>

#include "backend/cpu/kernels/tables.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace limner::cpu {
namespace {

#if defined(__x86_64__)
constexpr std::array<const Kernels*, 5> kTables = {&kGenericKernels, &kAvx2Kernels, &kAvx512Kernels,
                                                   &kAvx512Bf16Kernels, &kAmxKernels};

/// Whether there are tiles and this process may use them. Linux saves their 8 KiB only for processes that
/// have asked; whoever has asked before is granted it again.
bool has_tiles() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kBf16 = 1u << 22, kTile = 1u << 24, kInt8 = 1u << 25, kAll = kBf16 | kTile | kInt8;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (edx & kAll) != kAll) return false;
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

/// How many tables from the first on this CPU (and the system, which has to save the registers) can run.
size_t count_tables() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 1;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq")) {
    return 2;
  }
  // Every CPU that multiplies bf16 multiplies bytes too, but a system may hide it.
  if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512vnni")) return 3;
  return has_tiles() ? 5 : 4;
}
#else
constexpr std::array<const Kernels*, 1> kTables = {&kGenericKernels};

size_t count_tables() { return 1; }
#endif

}  // namespace

std::span<const Kernels* const> available_kernels() {
  static const size_t count = count_tables();
  return std::span(kTables).first(count);
}

const Kernels& best_kernels(bool tiles) {
  const auto tables = available_kernels();
  const size_t skipped = tables.back()->uses_tiles && !tiles ? 1 : 0;
  return *tables[tables.size() - 1 - skipped];
}

}  // namespace limner::cpu
