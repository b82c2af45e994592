#include "tensor/dtype.h"

#include <array>

#include "base/check.h"

namespace limner {
namespace {

struct DTypeRow {
  DType dtype;
  std::string_view name;
  size_t bytes;
};

constexpr std::array<DTypeRow, 10> kDTypes{{{DType::f32, "F32", 4},
                                            {DType::f16, "F16", 2},
                                            {DType::bf16, "BF16", 2},
                                            {DType::f64, "F64", 8},
                                            {DType::i64, "I64", 8},
                                            {DType::i32, "I32", 4},
                                            {DType::i16, "I16", 2},
                                            {DType::i8, "I8", 1},
                                            {DType::u8, "U8", 1},
                                            {DType::boolean, "BOOL", 1}}};

const DTypeRow& row_of(DType dtype) { return kDTypes[static_cast<size_t>(dtype)]; }

// memcpy, because a tensor in a file may lie at any address.
template <class T>
T load(const void* source, size_t index) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(source) + index * sizeof(T), sizeof(T));
  return value;
}

template <class T, class Out, class Convert>
void convert_each(const void* source, size_t count, Out* out, Convert convert) {
  for (size_t i = 0; i < count; ++i) out[i] = convert(load<T>(source, i));
}

}  // namespace

size_t dtype_bytes(DType dtype) { return row_of(dtype).bytes; }

std::string_view dtype_name(DType dtype) { return row_of(dtype).name; }

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const DTypeRow& row : kDTypes)
    if (row.name == name) return row.dtype;
  return std::nullopt;
}

float f16_to_f32(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t magnitude = bits & 0x7fffu;
  // A subnormal is a normal number of the smallest exponent less its implied one; the subtraction is exact,
  // and unlike a multiplication by 2^112 it is right even when the processor treats f32 subnormals as zero.
  const float small = std::bit_cast<float>((magnitude << 13) + 0x38800000u) - 0x1p-14f;
  const uint32_t normal = (magnitude << 13) + (magnitude >= 0x7c00u ? 0x70000000u : 0x38000000u);
  return std::bit_cast<float>(sign | (magnitude < 0x0400u ? std::bit_cast<uint32_t>(small) : normal));
}

uint16_t f32_to_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return static_cast<uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x03ffu));  // NaN, its payload kept
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);      // 65520 and above
  if (magnitude < 0x38800000u) {
    // Subnormal or zero: adding one half puts the mantissa's last bit at 2^-24, and the addition rounds to
    // even.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
  }
  const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

void convert_to_f32(DType from, const void* source, size_t count, float* out) {
  switch (from) {
    case DType::f32:
      std::memcpy(out, source, count * sizeof(float));
      return;
    case DType::f16:
      return convert_each<uint16_t>(source, count, out, f16_to_f32);
    case DType::bf16:
      return convert_each<uint16_t>(source, count, out, [](uint16_t v) { return to_f32(Bf16{v}); });
    case DType::f64:
      return convert_each<double>(source, count, out, [](double v) { return static_cast<float>(v); });
    default:
      LIMNER_CHECK(false, "a floating type");
  }
}

void convert_to_bf16(DType from, const void* source, size_t count, Bf16* out) {
  switch (from) {
    case DType::f32:
      return convert_each<float>(source, count, out, to_bf16);
    case DType::f16:
      return convert_each<uint16_t>(source, count, out, [](uint16_t v) { return to_bf16(f16_to_f32(v)); });
    case DType::bf16:
      std::memcpy(out, source, count * sizeof(Bf16));
      return;
    case DType::f64:
      return convert_each<double>(source, count, out,
                                  [](double v) { return to_bf16(static_cast<float>(v)); });
    default:
      LIMNER_CHECK(false, "a floating type");
  }
}

}  // namespace limner
