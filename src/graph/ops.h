#pragma once
// The operators. A network is described in these and nothing else; a backend implements these and nothing
// else. Pictures are [B, H, W, C], sequences [B, S, C], vectors [B, C]. Weights are named and shaped as in
// the file.

#include <cstdint>
#include <string>
#include <variant>

#include "tensor/shape.h"

namespace limner::op {

/// A value the caller gives at every run, f32 or i32.
struct Input {
  std::string name;
  bool integers = false;
};
/// A weight used as a value (a position table, a class token), in the shape the graph gives it.
struct Constant {
  std::string weight;
  Shape stored;
};
/// y = x W^T + b over the last axis. weight [out, in]; bias [out] or an empty name.
/// int8: products of 8-bit integers, summed exactly. A row w of W becomes round(w / s) with s = max|w| / 127,
/// and so does every row of x at every run: symmetric, to nearest even; y = s_x s_w sum + b. A row of x with
/// a value that is not finite gives NaN. Per-token quantisation as in ZeroQuant (Yao et al. 2022,
/// arXiv:2206.01861) and LLM.int8() (Dettmers et al. 2022, arXiv:2208.07339).
struct Linear {
  std::string weight, bias;
  int64_t in = 0, out = 0;
  bool int8 = false;
};
/// Cross-correlation over H and W. weight [out, in, kernel, kernel]; bias [out] or an empty name.
/// Padding in pixels; `circular_x`/`circular_y` wrap around (seamless tiles) instead of zeros.
/// int8: as Linear's, a pixel's channels being a row; for is_linear() only.
/// compact: weights take the least room that there is at no loss, and may take time.
struct Conv2d {
  std::string weight, bias;
  int64_t in = 0, out = 0, kernel = 3, stride = 1;
  int64_t pad_top = 1, pad_left = 1, pad_bottom = 1, pad_right = 1;
  bool circular_x = false, circular_y = false;
  bool int8 = false;
  bool few_pixels = false, compact = false;

  /// Whether it is a linear map of each pixel's channels.
  bool is_linear() const {
    return kernel == 1 && stride == 1 && pad_top + pad_left + pad_bottom + pad_right == 0;
  }
};
/// Group normalisation over (H, W, C/groups) of [B, H, W, C], then scale and shift a channel. Wu & He 2018.
struct GroupNorm {
  std::string weight, bias;
  int64_t groups = 32;
  float eps = 1e-5f;
};
/// Layer normalisation over the last axis. Ba et al. 2016.
struct LayerNorm {
  std::string weight, bias;
  float eps = 1e-5f;
};
/// softmax(q k^T scale) v; q [B, Sq, heads*D], k and v [B, Sk, heads*D], heads outermost inside the last
/// axis. causal: a query sees keys up to its own position (Sq == Sk).
struct Attention {
  int64_t heads = 1;
  float scale = 1;
  bool causal = false;
};
enum class Activation : uint8_t {
  silu,        ///< x / (1 + e^-x)
  gelu,        ///< x Phi(x), erf
  gelu_tanh,   ///< its tanh approximation
  quick_gelu,  ///< x / (1 + e^-1.702x)
  relu,
  leaky_relu,  ///< x < 0: parameter * x
  tanh,
  sigmoid,
  soft_clip,  ///< parameter * tanh(x / parameter)
};
struct Unary {
  Activation kind = Activation::silu;
  float parameter = 0;
};
/// x < 0: weight[c] * x.
struct PRelu {
  std::string weight;
};
/// [.., 2C] -> [.., C]: first half times gelu(second half). Shazeer 2020.
struct Geglu {};
/// a + b; b has a's shape, or ones where it is repeated (rank may be less: leading ones are implied).
struct Add {};
/// a * b, same rule.
struct Mul {};
/// x * factor + offset.
struct Affine {
  float factor = 1, offset = 0;
};
/// Along the last axis, any number of values.
struct Concat {};
/// [.., C] -> [.., count] from channel `begin`.
struct Slice {
  int64_t begin = 0, count = 0;
};
/// Nearest neighbour to height x width: source pixel floor(i * source / target).
struct UpsampleNearest {
  int64_t height = 0, width = 0;
};
/// [B, H, W, C r r] -> [B, H r, W r, C], channel (c, dy, dx) as PyTorch's pixel_shuffle.
struct PixelShuffle {
  int64_t factor = 2;
};
/// The inverse, as PyTorch's pixel_unshuffle.
struct PixelUnshuffle {
  int64_t factor = 2;
};
/// ids [B, S] i32 -> [B, S, width]; weight [rows, width]. An id outside the table is a caller's bug.
struct Embedding {
  std::string weight;
  int64_t rows = 0, width = 0;
};
/// [B] or [B, n] f32 -> [B, n * width]: sinusoids of x * scale. Vaswani et al. 2017, in diffusers'
/// arrangement: frequency_i = exp(-ln(max_period) i / (width/2 - shift)); sines first, or cosines first with
/// flip.
struct SinusoidEmbedding {
  int64_t width = 320;
  bool flip_sin_to_cos = true;
  float shift = 0, scale = 1, max_period = 10000;
};
/// x [B, S, C], row [B] i32 -> [B, C].
struct TakeRow {};
/// Same elements in the same order.
struct Reshape {};

using Any = std::variant<Input, Constant, Linear, Conv2d, GroupNorm, LayerNorm, Attention, Unary, PRelu,
                         Geglu, Add, Mul, Affine, Concat, Slice, UpsampleNearest, PixelShuffle,
                         PixelUnshuffle, Embedding, SinusoidEmbedding, TakeRow, Reshape>;

/// "conv2d", "group_norm", ...: for messages.
const char* name(const Any& any);

}  // namespace limner::op
