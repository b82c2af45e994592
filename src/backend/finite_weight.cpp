#include "backend/finite_weight.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"

namespace limner {
namespace {

/// A float is NaN or infinite exactly when all its exponent bits are set. No early exit: the loop vectorises.
template <class Word, Word kExponent>
bool exponents_finite(const void* data, size_t count) {
  constexpr size_t kBlock = 4096;
  const auto* bytes = static_cast<const std::byte*>(data);
  Word block[kBlock];
  for (size_t begin = 0; begin < count; begin += kBlock) {
    const size_t length = std::min(kBlock, count - begin);
    // Files align tensors to nothing in particular; a copy through the cache costs less than a scalar loop.
    std::memcpy(block, bytes + begin * sizeof(Word), length * sizeof(Word));
    Word bad = 0;
    for (size_t i = 0; i < length; ++i) bad |= static_cast<Word>((block[i] & kExponent) == kExponent);
    if (bad != 0) return false;
  }
  return true;
}

}  // namespace

bool all_finite(const ConstTensorView& view) {
  const auto count = static_cast<size_t>(view.shape.count());
  switch (view.dtype) {
    case DType::f32:
      return exponents_finite<uint32_t, 0x7f800000u>(view.data, count);
    case DType::bf16:
      return exponents_finite<uint16_t, 0x7f80u>(view.data, count);
    case DType::f16:
      return exponents_finite<uint16_t, 0x7c00u>(view.data, count);
    case DType::f64:
      return exponents_finite<uint64_t, 0x7ff0000000000000ull>(view.data, count);
    default:
      LIMNER_CHECK(false, "weight sources give floating types only");
  }
}

Result<Weight> get_finite(const WeightSource& source, std::string_view name, const Shape& expected) {
  Weight weight = TRY(source.get(name, expected));
  if (!all_finite(weight.view)) {
    return invalid(std::string(name), "holds values that are not finite",
                   "the weights are damaged or overflowed f16");
  }
  return weight;
}

}  // namespace limner
