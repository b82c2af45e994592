#include "backend/cpu/kernels/table.h"
#include "backend/cpu/kernels/tables.h"

namespace limner::cpu {

constinit const Kernels kAmxKernels = LIMNER_ISA::make_kernels("amx");

}  // namespace limner::cpu
