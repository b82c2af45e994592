#pragma once
// Element types of tensors in files and in memory.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace limner {

enum class DType : uint8_t { f32, f16, bf16, f64, i64, i32, i16, i8, u8, boolean };

/// Bytes of one element.
size_t dtype_bytes(DType dtype);
/// "F32", "BF16", ...: the names safetensors uses.
std::string_view dtype_name(DType dtype);
/// The type of a safetensors name, or nothing for one that is not supported (F8_E4M3, ...).
std::optional<DType> dtype_from_name(std::string_view name);

/// A bfloat16: the upper half of an f32.
struct Bf16 {
  uint16_t bits = 0;
};

/// Round to nearest, ties to even; NaN stays NaN.
inline Bf16 to_bf16(float value) {
  uint32_t u = std::bit_cast<uint32_t>(value);
  if ((u & 0x7fffffffu) > 0x7f800000u) return Bf16{static_cast<uint16_t>((u >> 16) | 0x40u)};
  u += 0x7fffu + ((u >> 16) & 1u);
  return Bf16{static_cast<uint16_t>(u >> 16)};
}
inline float to_f32(Bf16 value) { return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16); }

/// IEEE half to single, exact (subnormals, infinities and NaN included).
float f16_to_f32(uint16_t bits);
/// IEEE single to half, round to nearest even, overflow to infinity.
uint16_t f32_to_f16(float value);

/// Converts `count` elements of `from` at `source` to f32 at `out`; any alignment. Floating types only.
void convert_to_f32(DType from, const void* source, size_t count, float* out);
/// As above, to bf16 (from f32 rounded to nearest even; bf16 is copied).
void convert_to_bf16(DType from, const void* source, size_t count, Bf16* out);

}  // namespace limner
