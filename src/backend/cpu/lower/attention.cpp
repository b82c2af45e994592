#include "backend/cpu/lower/lower.h"

namespace limner::cpu {

void lower(const op::Attention& op, Lowering& at) {
  const Shape& queries = at.in_shape(0);
  const int64_t channels = queries[2];
  const AttentionShape shape{.batch = queries[0],
                             .heads = op.heads,
                             .head_width = channels / op.heads,
                             .queries = queries[1],
                             .keys = at.in_shape(1)[1],
                             .scale = op.scale,
                             .causal = op.causal};
  const BufferId q = at.in(0);
  const BufferId k = at.in(1);
  const BufferId v = at.in(2);
  const BufferId out = at.out();
  for_type(at.type(), [&]<class T>(T) {
    const TypedKernels<T>& kernels = at.tools().kernels.of<T>();
    const BufferId scratch = at.scratch(kernels.attention_scratch_bytes(shape, at.tools().threads));
    at.emit(
        [=, &kernels](const Frame& frame) {
          const AttentionData<T> data{.q = frame.at<T>(q),
                                      .k = frame.at<T>(k),
                                      .v = frame.at<T>(v),
                                      .out = frame.at<T>(out),
                                      .q_stride = channels,
                                      .k_stride = channels,
                                      .v_stride = channels,
                                      .out_stride = channels};
          kernels.attention(shape, data, frame.address(scratch));
        },
        {q, k, v, out, scratch});
  });
}

}  // namespace limner::cpu
