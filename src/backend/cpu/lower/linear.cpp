// Linear maps, and convolutions that are one: a matrix product with bias, residual and activation in its
// epilogue.

#include "backend/cpu/lower/product.h"
#include "backend/cpu/primitive_step.h"
#include "backend/cpu/row_pieces_step.h"

namespace limner::cpu {
namespace {

using Tag = dnnl::memory::format_tag;

/// A product being lowered: what it is, and where it writes.
struct Product {
  const ProductShape& shape;
  const std::string& weight;
  const std::string& bias;
  Shape stored;
  BufferId source;
  Lowering::Target target;
};

dnnl::matmul::primitive_desc describe_product(const Product& product, int64_t rows,
                                              const dnnl::memory::desc& weight, const Lowering& at) {
  const dnnl::memory::desc source({rows, product.shape.in}, library_type(at.type()), Tag::ab);
  const dnnl::memory::desc result({rows, product.shape.out}, library_type(product.target.type), Tag::ab);
  const dnnl::memory::desc shift =
      product.bias.empty() ? dnnl::memory::desc()
                           : dnnl::memory::desc({1, product.shape.out}, library_type(DType::f32), Tag::ab);
  return {{source, weight, shift, result},
          product_attributes(product.target.accumulate, at.folded_activation()),
          at.tools().engine};
}

dnnl::memory::desc any_weight(const Product& product, const Lowering& at) {
  return {{product.shape.in, product.shape.out}, library_type(at.type()), Tag::any};
}

WeightId weight_of(const Product& product, const dnnl::memory::desc& wanted, Lowering& at) {
  const dnnl::memory::desc in_file({product.shape.in, product.shape.out}, library_type(at.type()),
                                   dnnl::memory::dims{1, product.shape.in});
  return at.weight_packed(product.weight, product.stored, in_file, wanted);
}

void emit_whole(const Product& product, Lowering& at) {
  const dnnl::matmul::primitive_desc desc =
      describe_product(product, product.shape.rows, any_weight(product, at), at);
  const BufferId scratch = at.scratch(desc.scratchpad_desc().get_size());
  auto step = std::make_unique<PrimitiveStep>(at.tools(), 1, [desc] { return dnnl::matmul(desc); });
  step->bind(DNNL_ARG_SRC, desc.src_desc(), product.source);
  step->bind(DNNL_ARG_WEIGHTS, desc.weights_desc(), weight_of(product, desc.weights_desc(), at));
  if (!product.bias.empty())
    step->bind(DNNL_ARG_BIAS, desc.bias_desc(), at.weight_f32(product.bias, Shape{product.shape.out}));
  step->bind(DNNL_ARG_DST, desc.dst_desc(), product.target.buffer);
  step->bind_scratch(desc.scratchpad_desc(), scratch);
  at.emit(std::move(step), {product.source, product.target.buffer, scratch});
}

// Without AVX-512 the library shares out the sums of some shapes among threads, and rounds a row by how many
// there are: bytes would depend on both.
void emit_in_pieces(const Product& product, int64_t pictures, Lowering& at) {
  const RowPieces pieces = cut_rows(product.shape.rows / pictures);
  auto step = std::make_unique<RowPiecesStep>(at.tools(), pieces, pictures, any_weight(product, at),
                                              [&](int64_t rows, const dnnl::memory::desc& weight) {
                                                return describe_product(product, rows, weight, at);
                                              });
  const BufferId scratch = at.scratch(step->scratch_bytes());
  RowPiecesStep::Operands operands{
      product.source, product.target.buffer, weight_of(product, step->weight_desc(), at), {}};
  if (!product.bias.empty()) operands.bias = at.weight_f32(product.bias, Shape{product.shape.out});
  step->bind(operands, scratch);
  at.emit(std::move(step), {product.source, product.target.buffer, scratch});
}

}  // namespace

void lower_product(const ProductShape& shape, const std::string& weight, const std::string& bias,
                   Shape stored, Lowering& at) {
  const BufferId x = at.in(0);
  const Product product{shape, weight, bias, stored, x, at.product_target()};
  if (at.tools().stable_in_batches)
    emit_whole(product, at);
  else
    emit_in_pieces(product, at.in_shape(0)[0], at);
}

void lower(const op::Linear& op, Lowering& at) {
  const ProductShape shape{at.in_shape(0).count() / op.in, op.in, op.out};
  const Shape stored{op.out, op.in};
  if (op.int8) return lower_int8(shape, op.weight, op.bias, stored, at);
  lower_product(shape, op.weight, op.bias, stored, at);
}

}  // namespace limner::cpu
