#pragma once
// The kernels are written once and compiled once an instruction set, by the flags of kernels_avx2.cpp and its
// siblings. All that they define lives in namespace limner::cpu::LIMNER_ISA, so that the linker cannot merge
// an inline function compiled for AVX-512 with one that has to run everywhere.

#if defined(__AMX_BF16__)
#define LIMNER_ISA amx
#elif defined(__AVX512BF16__)
#define LIMNER_ISA avx512bf16
#elif defined(__AVX512F__)
#define LIMNER_ISA avx512
#elif defined(__AVX2__)
#define LIMNER_ISA avx2
#else
#define LIMNER_ISA generic
#endif
