#pragma once
// f32 <-> bf16, and the search for values that are not finite.

#include "backend/cpu/kernels/parallel.h"
#include "backend/cpu/kernels/vec.h"

namespace limner::cpu::LIMNER_ISA {

template <class From, class To>
void convert(const From* x, To* out, int64_t count) {
  parallel_ranges(count, 1, [=](int64_t begin, int64_t end) {
    for_lanes(end - begin,
              [=](int64_t i, auto lanes) { store(out + begin + i, load(x + begin + i, lanes), lanes); });
  });
}

/// Whether no value has all the bits of `exponent` set. The memory need not be aligned to Word.
template <class Word>
inline bool exponents_finite(const void* memory, int64_t count, Word exponent) {
  const auto* bytes = static_cast<const std::byte*>(memory);
  bool finite = true;
  parallel_ranges(count, 1, [&, exponent](int64_t begin, int64_t end) {
    Word found = 0;
    for (int64_t i = begin; i < end; ++i) {
      Word word;
      std::memcpy(&word, bytes + static_cast<size_t>(i) * sizeof(Word), sizeof(Word));
      found |= static_cast<Word>((word & exponent) == exponent);
    }
    if (found != 0) {
#pragma omp atomic write
      finite = false;
    }
  });
  return finite;
}

inline bool all_finite(DType dtype, const void* x, int64_t count) {
  switch (dtype) {
    case DType::f32:
      return exponents_finite<uint32_t>(x, count, 0x7f800000u);
    case DType::bf16:
      return exponents_finite<uint16_t>(x, count, 0x7f80u);
    default:
      return exponents_finite<uint16_t>(x, count, 0x7c00u);
  }
}

}  // namespace limner::cpu::LIMNER_ISA
