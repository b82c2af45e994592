// Linear maps, and convolutions that are one: a matrix product with bias, residual and activation in its
// epilogue.

#include "backend/cpu/lower/product.h"
#include "backend/cpu/primitive_step.h"
#include "base/check.h"

namespace limner::cpu {

void lower_product(const ProductShape& shape, const std::string& weight, const std::string& bias,
                   Shape stored, Lowering& at) {
  using Dims = dnnl::memory::dims;
  using Tag = dnnl::memory::format_tag;
  const BufferId x = at.in(0);
  const Lowering::Target target = at.product_target();
  const int64_t repeats = product_repeats(at.tools(), at.in_shape(0)[0]);
  const int64_t rows = shape.rows / repeats;
  const auto type = library_type(at.type());
  const dnnl::memory::desc source({rows, shape.in}, type, Tag::ab);
  const dnnl::memory::desc any({shape.in, shape.out}, type, Tag::any);
  const dnnl::memory::desc result({rows, shape.out}, library_type(target.type), Tag::ab);
  const dnnl::memory::desc shift =
      bias.empty() ? dnnl::memory::desc()
                   : dnnl::memory::desc({1, shape.out}, library_type(DType::f32), Tag::ab);

  // Without AVX-512 the library shares out the sums of some shapes among threads: bytes would depend on their
  // number.
  const int threads = at.tools().stable_in_batches ? 0 : 1;
  const ThreadScope scope(threads > 0 ? threads : at.tools().threads);
  const dnnl::matmul::primitive_desc product({source, any, shift, result},
                                             product_attributes(target.accumulate, at.folded_activation()),
                                             at.tools().engine);
  const BufferId scratch = at.scratch(product.scratchpad_desc().get_size());
  auto step = std::make_unique<PrimitiveStep>(
      at.tools(), repeats, [product] { return dnnl::matmul(product); }, threads);
  step->bind(DNNL_ARG_SRC, source, x);
  const dnnl::memory::desc in_file({shape.in, shape.out}, type, Dims{1, shape.in});
  step->bind(DNNL_ARG_WEIGHTS, product.weights_desc(),
             at.weight_packed(weight, stored, in_file, product.weights_desc()));
  if (!bias.empty()) step->bind(DNNL_ARG_BIAS, shift, at.weight_f32(bias, Shape{shape.out}));
  step->bind(DNNL_ARG_DST, result, target.buffer);
  step->bind_scratch(product.scratchpad_desc(), scratch);
  at.emit(std::move(step), {x, target.buffer, scratch});
}

void lower(const op::Linear& op, Lowering& at) {
  const ProductShape shape{at.in_shape(0).count() / op.in, op.in, op.out};
  lower_product(shape, op.weight, op.bias, Shape{op.out, op.in}, at);
}

}  // namespace limner::cpu
