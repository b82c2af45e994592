#pragma once
// What oneDNN has not got or does badly: attention, norms, activations, element by element arithmetic. One
// table of function pointers an instruction set; the copies that need no arithmetic are in copies.h.
//
// Common rules. Data is channels last and contiguous unless strides are given; no alignment is asked for;
// memory is the caller's and nothing is allocated. Sums and statistics are f32 or f64 whatever T is. Kernels
// run on omp_get_max_threads() threads, and a result's bytes depend neither on their number nor on the other
// rows of a batch. Arguments are trusted: whoever calls has checked shapes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "graph/ops.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace limner::cpu {

/// softmax(q k^T scale) v for every picture and head. head_width 1 to 1024, any number of queries and keys
/// (keys >= 1).
struct AttentionShape {
  int64_t batch = 1, heads = 1, head_width = 0, queries = 0, keys = 0;
  float scale = 1;      ///< > 0
  bool causal = false;  ///< query i sees keys 0..i; queries == keys
};

/// Rows of one token, heads outermost inside: q [batch, queries, heads * head_width], k and v [batch, keys,
/// ..]. A stride is the distance in elements from one row to the next, so q, k and v may lie inside one
/// [batch, tokens, 3C] buffer; a picture starts `rows * stride` after the one before.
template <class T>
struct AttentionData {
  const T* q = nullptr;
  const T* k = nullptr;
  const T* v = nullptr;
  T* out = nullptr;  ///< must not overlap the inputs
  int64_t q_stride = 0, k_stride = 0, v_stride = 0, out_stride = 0;
};

/// x [batch, pixels, channels]; channels % groups == 0.
struct GroupNormShape {
  int64_t batch = 1, pixels = 0, channels = 0, groups = 32;
  float eps = 1e-5f;
  bool silu = false;  ///< y -> y / (1 + e^-y) after scale and shift
};

/// x and out [rows, width], normalised over the width.
struct LayerNormShape {
  int64_t rows = 0, width = 0;
  float eps = 1e-5f;
};

/// A convolution with filters of 3x3, stride 1, over a picture with one pixel added at each side:
/// x [batch, height, width, in] -> out [batch, height, width, out].
struct Conv3x3Shape {
  int64_t batch = 1, height = 0, width = 0, in = 0, out = 0;
  bool wrap_x = false, wrap_y = false;  ///< the added pixels are those of the opposite side, else zeros
  bool accumulate = false;              ///< onto what is in `out`
  std::optional<op::Unary> activation;  ///< after that
  bool compact = false;                 ///< the weights are filters, to be transformed each time
};

/// Such a convolution by Winograd's F(2x2, 3x3): 2.25 times fewer products than a direct one. On Gaussian
/// data the error is 0.0045 of the result (root mean squares), where a direct one in bf16 has 0.0023.
struct WinogradKernels {
  /// From how many channels on each side it is faster than the library's direct convolution with the same
  /// instructions (measured): narrower ones spend more on the transforms than the products save.
  int64_t channels_min;
  size_t (*weight_bytes)(int64_t in, int64_t out);
  /// weight [out, in, 3, 3] -> `packed`, weight_bytes() aligned to 64.
  void (*pack)(const float* weight, int64_t in, int64_t out, void* packed);
  /// The same for compact convolutions: 9/16 of the room, and transformed from bf16 instead of f32.
  size_t (*filter_bytes)(int64_t in, int64_t out);
  void (*pack_filters)(const float* weight, int64_t in, int64_t out, void* packed);
  /// Bytes that the convolution needs at `scratch` when it runs on up to `threads` threads.
  size_t (*scratch_bytes)(const Conv3x3Shape& shape, int threads);
  /// bias [out] or null. out must not overlap x. Rounded to bf16 once, after the activation.
  void (*to_bf16)(const Conv3x3Shape& shape, const Bf16* x, const void* packed, const float* bias, Bf16* out,
                  void* scratch);
  void (*to_f32)(const Conv3x3Shape& shape, const Bf16* x, const void* packed, const float* bias, float* out,
                 void* scratch);

  template <class Out>
  auto to() const {
    if constexpr (sizeof(Out) == sizeof(float)) {
      return to_f32;
    } else {
      return to_bf16;
    }
  }
};

/// A product in 8 bits: codes of [rows, in] times the transpose of a weight of [out, in].
struct Int8Shape {
  int64_t rows = 0, in = 0, out = 0;
  bool accumulate = false;              ///< onto what is in `out`
  std::optional<op::Unary> activation;  ///< after that
};

/// Linear maps as op::Linear's int8 says. Sums are exact, so that no order of them shows in a result. `in` up
/// to 2^17, where sums of 32 bits hold.
struct Int8Kernels {
  size_t (*weight_bytes)(int64_t in, int64_t out);
  /// weight [out, in] -> `packed`, weight_bytes() aligned to 64: codes, scales and what they sum to.
  void (*pack)(const float* weight, int64_t in, int64_t out, void* packed);
  size_t (*codes_bytes)(int64_t rows, int64_t in);
  /// x [rows, in] -> `codes`, codes_bytes() aligned to 64, in one pass over x but for its greatest values.
  void (*quantize_f32)(const float* x, int64_t rows, int64_t in, void* codes);
  void (*quantize_bf16)(const Bf16* x, int64_t rows, int64_t in, void* codes);
  /// bias [out] or null. Rounded once, after the activation.
  void (*multiply_to_f32)(const Int8Shape& shape, const void* codes, const void* packed, const float* bias,
                          float* out);
  void (*multiply_to_bf16)(const Int8Shape& shape, const void* codes, const void* packed, const float* bias,
                           Bf16* out);

  template <class T>
  auto quantize() const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return quantize_f32;
    } else {
      return quantize_bf16;
    }
  }
  template <class Out>
  auto multiply_to() const {
    if constexpr (sizeof(Out) == sizeof(float)) {
      return multiply_to_f32;
    } else {
      return multiply_to_bf16;
    }
  }
};

/// The kernels for activations of type T, float or Bf16. Parameters (norm weights and biases, slopes) are
/// always f32.
template <class T>
struct TypedKernels {
  /// Bytes that attention() needs at `scratch` when it runs on up to `threads` threads.
  size_t (*attention_scratch_bytes)(const AttentionShape& shape, int threads);
  /// Online softmax over blocks of keys (Dao et al. 2022): the scores are never held as a whole. f32: f32
  /// throughout, parity with a direct f32 evaluation to ~1e-6. Bf16 where the CPU multiplies bf16: scores and
  /// sums in f32, the probabilities rounded to bf16; elsewhere f32 inside.
  void (*attention)(const AttentionShape& shape, const AttentionData<T>& data, void* scratch);

  /// Bytes that group_norm() needs at `scratch` when it runs on up to `threads` threads.
  size_t (*group_norm_scratch_bytes)(const GroupNormShape& shape, int threads);
  /// Wu & He 2018. weight, bias [channels]. Mean and variance in two passes over fixed blocks of pixels,
  /// merged in f64 in a fixed order (Chan et al. 1979). out may be x.
  void (*group_norm)(const GroupNormShape& shape, const T* x, const float* weight, const float* bias, T* out,
                     void* scratch);
  /// Ba et al. 2016. weight, bias [width]. Mean, then variance around it. out may be x.
  void (*layer_norm)(const LayerNormShape& shape, const T* x, const float* weight, const float* bias, T* out);

  /// One operator of op::Activation on `count` elements; `parameter` as op::Unary says. f32 errors against
  /// the exact value: silu, sigmoid, tanh and soft_clip within 4 ULP; the gelus within 3e-7 absolute + 4 ULP
  /// (far out on the negative side they magnify roundings of their argument, in PyTorch too). Bf16: 2.5e-4
  /// relative or 2e-6 absolute before the rounding to bf16, which is 2e-3. NaN stays NaN. out may be x.
  void (*activation)(op::Activation kind, float parameter, const T* x, T* out, int64_t count);
  /// x [rows, channels]; x < 0: slope[c] * x. out may be x.
  void (*prelu)(const T* x, const float* slope, T* out, int64_t rows, int64_t channels);
  /// x [rows, 2 channels] -> out [rows, channels]: first half times gelu(second half), erf. out must not
  /// overlap x.
  void (*geglu)(const T* x, T* out, int64_t rows, int64_t channels);

  /// a + b as op::Add: out has a's shape, b's extents are a's or 1 (leading ones implied). out may be a, and
  /// b if b has a's shape.
  void (*add)(const T* a, const Shape& a_shape, const T* b, const Shape& b_shape, T* out);
  /// a * b, same rule.
  void (*mul)(const T* a, const Shape& a_shape, const T* b, const Shape& b_shape, T* out);
  /// x * factor + offset, rounded after the product and after the sum. out may be x.
  void (*affine)(const T* x, float factor, float offset, T* out, int64_t count);
};

/// Everything compiled for one instruction set.
struct Kernels {
  std::string_view name;     ///< "generic", "avx2", "avx512", "avx512bf16", "amx"
  bool native_bf16 = false;  ///< bf16 is faster than f32 here
  bool uses_tiles = false;   ///< AMX
  TypedKernels<float> f32;
  TypedKernels<Bf16> bf16;
  std::optional<WinogradKernels> winograd;  ///< where bf16 is native
  Int8Kernels int8;

  /// Nearest, ties to even; NaN stays NaN. Subnormals may become zero.
  void (*f32_to_bf16)(const float* x, Bf16* out, int64_t count);
  void (*bf16_to_f32)(const Bf16* x, float* out, int64_t count);
  /// Whether no element is infinite or NaN. f32, f16 and bf16; any alignment. Runs at memory speed.
  bool (*all_finite)(DType dtype, const void* x, int64_t count);

  /// f32 or bf16 by type, for code written once for both.
  template <class T>
  const TypedKernels<T>& of() const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return f32;
    } else {
      return bf16;
    }
  }
};

/// The tables this CPU can run, slowest first; "generic" is always there.
std::span<const Kernels* const> available_kernels();
/// The last of them; without `tiles`, the last that can do without AMX.
const Kernels& best_kernels(bool tiles = true);

}  // namespace limner::cpu
