#include "backend/cpu/kernels/table.h"
#include "backend/cpu/kernels/tables.h"

namespace limner::cpu {

constinit const Kernels kAvx2Kernels = LIMNER_ISA::make_kernels("avx2");

}  // namespace limner::cpu
