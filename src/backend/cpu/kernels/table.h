#pragma once
// The table of the instruction set that the including file is compiled for.

#include "backend/cpu/kernels/activations.h"
#include "backend/cpu/kernels/attention.h"
#include "backend/cpu/kernels/broadcast.h"
#include "backend/cpu/kernels/convert.h"
#include "backend/cpu/kernels/dot_f32.h"
#include "backend/cpu/kernels/int8_product.h"
#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/norms.h"
#if defined(__AVX512BF16__)
#include "backend/cpu/kernels/best_dot.h"
#include "backend/cpu/kernels/winograd.h"
#endif

namespace limner::cpu::LIMNER_ISA {

#if defined(__AVX512BF16__)
inline constexpr bool kNativeBf16 = true;
template <class T>
using DotOf = std::conditional_t<std::is_same_v<T, Bf16>, BestDotBf16, DotF32>;
constexpr std::optional<WinogradKernels> make_winograd() {
  return WinogradKernels{.channels_min = kWinogradChannelsMin,
                         .weight_bytes = winograd_weight_bytes,
                         .pack = winograd_pack,
                         .filter_bytes = winograd_filter_bytes,
                         .pack_filters = winograd_pack_filters,
                         .scratch_bytes = winograd_scratch_bytes,
                         .to_bf16 = winograd<Bf16>,
                         .to_f32 = winograd<float>};
}
#else
inline constexpr bool kNativeBf16 = false;
inline constexpr bool kUsesTiles = false;
template <class T>
using DotOf = DotF32;
constexpr std::optional<WinogradKernels> make_winograd() { return std::nullopt; }
#endif

template <class T>
constexpr TypedKernels<T> make_typed_kernels() {
  return {
      .attention_scratch_bytes = attention_scratch_bytes<DotOf<T>>,
      .attention = attention<T, DotOf<T>>,
      .group_norm_scratch_bytes = group_norm_scratch_bytes,
      .group_norm = group_norm<T>,
      .layer_norm = layer_norm<T>,
      .activation = activation<T>,
      .prelu = prelu<T>,
      .geglu = geglu<T>,
      .add = add<T>,
      .mul = mul<T>,
      .affine = affine<T>,
  };
}

constexpr Int8Kernels make_int8() {
  return {.weight_bytes = int8_weight_bytes,
          .pack = int8_pack,
          .codes_bytes = int8_codes_bytes,
          .quantize_f32 = int8_quantize<float>,
          .quantize_bf16 = int8_quantize<Bf16>,
          .multiply_to_f32 = int8_multiply<float>,
          .multiply_to_bf16 = int8_multiply<Bf16>};
}

constexpr Kernels make_kernels(std::string_view name) {
  return {
      .name = name,
      .native_bf16 = kNativeBf16,
      .uses_tiles = kUsesTiles,
      .f32 = make_typed_kernels<float>(),
      .bf16 = make_typed_kernels<Bf16>(),
      .winograd = make_winograd(),
      .int8 = make_int8(),
      .f32_to_bf16 = convert<float, Bf16>,
      .bf16_to_f32 = convert<Bf16, float>,
      .all_finite = all_finite,
  };
}

}  // namespace limner::cpu::LIMNER_ISA
