#pragma once
// The fastest arithmetic in bf16 that the instruction set has.

#include "backend/cpu/kernels/isa.h"

#if defined(__AMX_BF16__)
#include "backend/cpu/kernels/dot_amx.h"
#else
#include "backend/cpu/kernels/dot_bf16.h"
#endif

namespace limner::cpu::LIMNER_ISA {

#if defined(__AMX_BF16__)
using BestDotBf16 = DotAmx;
inline constexpr bool kUsesTiles = true;
#else
using BestDotBf16 = DotBf16;
inline constexpr bool kUsesTiles = false;
#endif

}  // namespace limner::cpu::LIMNER_ISA
