#pragma once
// One constant table a kernels_*.cpp; only those whose instruction set can be compiled here exist.

#include "backend/cpu/kernels/kernels.h"

namespace limner::cpu {

extern const Kernels kGenericKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
extern const Kernels kAvx512Bf16Kernels;
extern const Kernels kAmxKernels;
#endif

}  // namespace limner::cpu
