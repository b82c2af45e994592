#include "backend/cpu/kernels/table.h"
#include "backend/cpu/kernels/tables.h"

namespace limner::cpu {

constinit const Kernels kGenericKernels = LIMNER_ISA::make_kernels("generic");

}  // namespace limner::cpu
