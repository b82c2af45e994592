#include "backend/cpu/lower/lower.h"

namespace limner::cpu {

void lower(const op::GroupNorm& op, Lowering& at) {
  const Shape& in = at.in_shape(0);
  const GroupNormShape shape{.batch = in[0],
                             .pixels = in[1] * in[2],
                             .channels = in[3],
                             .groups = op.groups,
                             .eps = op.eps,
                             .silu = at.folded_activation().has_value()};
  const BufferId x = at.in(0);
  const BufferId out = at.out_over(0);
  const WeightId weight = at.weight_f32(op.weight, Shape{in[3]});
  const WeightId bias = at.weight_f32(op.bias, Shape{in[3]});
  for_type(at.type(), [&]<class T>(T) {
    const TypedKernels<T>& kernels = at.tools().kernels.of<T>();
    const BufferId scratch = at.scratch(kernels.group_norm_scratch_bytes(shape, at.tools().threads));
    at.emit(
        [=, &kernels](const Frame& frame) {
          kernels.group_norm(shape, frame.at<T>(x), frame.weight<float>(weight), frame.weight<float>(bias),
                             frame.at<T>(out), frame.address(scratch));
        },
        {x, out, scratch});
  });
}

void lower(const op::LayerNorm& op, Lowering& at) {
  const int64_t width = at.in_shape(0).back();
  const LayerNormShape shape{.rows = at.in_shape(0).count() / width, .width = width, .eps = op.eps};
  const BufferId x = at.in(0);
  const BufferId out = at.out_over(0);
  const WeightId weight = at.weight_f32(op.weight, Shape{width});
  const WeightId bias = at.weight_f32(op.bias, Shape{width});
  for_type(at.type(), [&]<class T>(T) {
    at.emit(
        [=, go = at.tools().kernels.of<T>().layer_norm](const Frame& frame) {
          go(shape, frame.at<T>(x), frame.weight<float>(weight), frame.weight<float>(bias), frame.at<T>(out));
        },
        {x, out});
  });
}

}  // namespace limner::cpu
