#include <algorithm>
#include <string_view>

#include "backend/cpu/kernels/copies.h"
#include "backend/cpu/lower/product.h"
#include "backend/cpu/primitive_step.h"

namespace limner::cpu {
namespace {

using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;

/// The picture a convolution reads, and the zeros it is to imagine around it.
struct Source {
  BufferId buffer;
  int64_t height, width;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
};

/// The library knows only zeros outside: where an axis wraps around, the picture is copied with its borders.
Source wrapped(const op::Conv2d& op, Lowering& at) {
  const Shape& in = at.in_shape(0);
  const BufferId x = at.in(0);
  Source source{x, in[1], in[2], op.pad_top, op.pad_left, op.pad_bottom, op.pad_right};
  if (!op.circular_x && !op.circular_y) return source;
  Padding padding{.circular_x = op.circular_x, .circular_y = op.circular_y};
  if (op.circular_y) {
    padding.top = std::exchange(source.pad_top, 0);
    padding.bottom = std::exchange(source.pad_bottom, 0);
  }
  if (op.circular_x) {
    padding.left = std::exchange(source.pad_left, 0);
    padding.right = std::exchange(source.pad_right, 0);
  }
  source.height += padding.top + padding.bottom;
  source.width += padding.left + padding.right;
  const size_t pixel_bytes = static_cast<size_t>(op.in) * dtype_bytes(at.type());
  const auto pixels = static_cast<size_t>(in[0] * source.height * source.width);
  source.buffer = at.scratch(pixels * pixel_bytes);
  at.emit([=, to = source.buffer, shape = Pictures{in[0], in[1], in[2], pixel_bytes}](
              const Frame& frame) { pad_pictures(shape, padding, frame.address(x), frame.address(to)); },
          {x, source.buffer});
  return source;
}

dnnl::convolution_forward::primitive_desc describe_convolution(const op::Conv2d& op, const Source& source,
                                                               int64_t batch, const Lowering::Target& target,
                                                               const Lowering& at) {
  const auto type = library_type(at.type());
  const Shape& out = at.node_shape();
  const dnnl::memory::desc picture({batch, op.in, source.height, source.width}, type, Tag::nhwc);
  const dnnl::memory::desc filter({op.out, op.in, op.kernel, op.kernel}, type, Tag::any);
  const dnnl::memory::desc shift =
      op.bias.empty() ? dnnl::memory::desc() : dnnl::memory::desc({op.out}, library_type(DType::f32), Tag::x);
  const dnnl::memory::desc result({batch, op.out, out[1], out[2]}, library_type(target.type), Tag::nhwc);
  const dnnl::convolution_forward::desc convolution(
      dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, picture, filter, shift, result,
      Dims{op.stride, op.stride}, Dims{source.pad_top, source.pad_left},
      Dims{source.pad_bottom, source.pad_right});
  return {convolution, product_attributes(target.accumulate, at.folded_activation()), at.tools().engine};
}

// Without AVX-512 the library does some shapes as matrix products, and where the result has fewer blocks than
// there are threads it shares out the sums: then bytes would depend on the number of threads.
bool shares_out_sums(const dnnl::convolution_forward::primitive_desc& convolution, const op::Conv2d& op,
                     const Shape& out, int threads) {
  constexpr int64_t kBlock = 64;
  const int64_t blocks =
      std::max<int64_t>(1, out[1] * out[2] / kBlock) * std::max<int64_t>(1, op.out / kBlock);
  return std::string_view(convolution.impl_info_str()).find("gemm") != std::string_view::npos &&
         blocks < threads;
}

void lower_convolution(const op::Conv2d& op, Lowering& at) {
  const Source source = wrapped(op, at);
  const Lowering::Target target = at.product_target();
  const int64_t batch = at.in_shape(0)[0];
  int64_t repeats = product_repeats(at.tools(), batch);
  auto convolution = describe_convolution(op, source, batch / repeats, target, at);
  int threads = 0;
  if (shares_out_sums(convolution, op, at.node_shape(), at.tools().threads)) {
    threads = 1;
    repeats = batch;
    const ThreadScope scope(threads);
    convolution = describe_convolution(op, source, 1, target, at);
  }
  const BufferId scratch = at.scratch(convolution.scratchpad_desc().get_size());
  auto step = std::make_unique<PrimitiveStep>(
      at.tools(), repeats, [convolution] { return dnnl::convolution_forward(convolution); }, threads);
  step->bind(DNNL_ARG_SRC, convolution.src_desc(), source.buffer);
  const Shape stored{op.out, op.in, op.kernel, op.kernel};
  const dnnl::memory::desc in_file({op.out, op.in, op.kernel, op.kernel}, library_type(at.type()), Tag::oihw);
  step->bind(DNNL_ARG_WEIGHTS, convolution.weights_desc(),
             at.weight_packed(op.weight, stored, in_file, convolution.weights_desc()));
  if (!op.bias.empty()) {
    step->bind(DNNL_ARG_BIAS, convolution.bias_desc(), at.weight_f32(op.bias, Shape{op.out}));
  }
  step->bind(DNNL_ARG_DST, convolution.dst_desc(), target.buffer);
  step->bind_scratch(convolution.scratchpad_desc(), scratch);
  at.emit(std::move(step), {source.buffer, target.buffer, scratch});
}

void lower_winograd(const op::Conv2d& op, Lowering& at) {
  const Shape& in = at.in_shape(0);
  const BufferId x = at.in(0);
  const Lowering::Target target = at.product_target();
  const Conv3x3Shape shape{.batch = in[0],
                           .height = in[1],
                           .width = in[2],
                           .in = op.in,
                           .out = op.out,
                           .wrap_x = op.circular_x,
                           .wrap_y = op.circular_y,
                           .accumulate = target.accumulate,
                           .activation = at.folded_activation(),
                           .compact = op.compact};
  const WinogradKernels& kernels = *at.tools().kernels.winograd;
  const WeightId weight =
      at.weight_winograd(op.weight, Shape{op.out, op.in, op.kernel, op.kernel}, op.compact);
  std::optional<WeightId> bias;
  if (!op.bias.empty()) bias = at.weight_f32(op.bias, Shape{op.out});
  const BufferId scratch = at.scratch(kernels.scratch_bytes(shape, at.tools().threads));
  for_type(target.type, [&]<class T>(T) {
    at.emit(
        [=, go = kernels.to<T>(), to = target.buffer](const Frame& frame) {
          go(shape, frame.at<Bf16>(x), frame.weight<std::byte>(weight),
             bias ? frame.weight<float>(*bias) : nullptr, frame.at<T>(to), frame.address(scratch));
        },
        {x, target.buffer, scratch});
  });
}

}  // namespace

bool suits_winograd(const op::Conv2d& op, Precision precision, const Tools& tools) {
  return precision == Precision::bf16 && tools.kernels.winograd && op.kernel == 3 && op.stride == 1 &&
         op.pad_top == 1 && op.pad_left == 1 && op.pad_bottom == 1 && op.pad_right == 1 &&
         std::min(op.in, op.out) >= tools.kernels.winograd->channels_min;
}

void lower(const op::Conv2d& op, Lowering& at) {
  if (suits_winograd(op, at.precision(), at.tools())) return lower_winograd(op, at);
  if (!op.is_linear()) return lower_convolution(op, at);
  const ProductShape shape{at.in_shape(0).count() / op.in, op.in, op.out};
  const Shape stored{op.out, op.in, 1, 1};
  if (op.int8) return lower_int8(shape, op.weight, op.bias, stored, at);
  lower_product(shape, op.weight, op.bias, stored, at);
}

}  // namespace limner::cpu
