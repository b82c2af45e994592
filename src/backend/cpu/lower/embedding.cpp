#include "backend/cpu/kernels/copies.h"
#include "backend/cpu/lower/lower.h"

namespace limner::cpu {

void lower(const op::Embedding& op, Lowering& at) {
  const auto count = static_cast<size_t>(at.in_shape(0).count());
  const size_t row_bytes = static_cast<size_t>(op.width) * dtype_bytes(at.type());
  const BufferId ids = at.in_as(0, DType::i32);
  const BufferId out = at.out();
  const WeightId table = at.weight_internal(op.weight, Shape{op.rows, op.width});
  at.emit(
      [=](const Frame& frame) {
        gather_rows(frame.weight<std::byte>(table), row_bytes, {frame.at<int32_t>(ids), count},
                    frame.address(out));
      },
      {ids, out});
}

/// In f32 from the caller's f32: a bf16 holds no timestep above 256 exactly.
void lower(const op::SinusoidEmbedding& op, Lowering& at) {
  const auto count = static_cast<size_t>(at.in_shape(0).count());
  const BufferId x = at.in_as(0, DType::f32);
  const BufferId out = at.out_as(DType::f32);
  at.emit(
      [=](const Frame& frame) {
        sinusoid_embedding(op, {frame.at<float>(x), count}, frame.at<float>(out));
      },
      {x, out});
}

}  // namespace limner::cpu
