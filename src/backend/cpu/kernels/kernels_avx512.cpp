#include "backend/cpu/kernels/table.h"
#include "backend/cpu/kernels/tables.h"

namespace limner::cpu {

constinit const Kernels kAvx512Kernels = LIMNER_ISA::make_kernels("avx512");

}  // namespace limner::cpu
