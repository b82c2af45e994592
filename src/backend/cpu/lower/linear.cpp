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

/// The same as a convolution of 1x1: rows are a picture of one line. As fast, and as stable as convolutions
/// are.
dnnl::convolution_forward::primitive_desc describe_as_convolution(const Product& product, int64_t pictures,
                                                                  const Lowering& at) {
  const auto type = library_type(at.type());
  const ProductShape& shape = product.shape;
  const int64_t rows = shape.rows / pictures;
  const dnnl::memory::desc source({pictures, shape.in, 1, rows}, type, Tag::nhwc);
  const dnnl::memory::desc weight({shape.out, shape.in, 1, 1}, type, Tag::any);
  const dnnl::memory::desc shift = product.bias.empty()
                                       ? dnnl::memory::desc()
                                       : dnnl::memory::desc({shape.out}, library_type(DType::f32), Tag::x);
  const dnnl::memory::desc result({pictures, shape.out, 1, rows}, library_type(product.target.type),
                                  Tag::nhwc);
  const dnnl::memory::dims whole = {1, 1}, none = {0, 0};
  const dnnl::convolution_forward::desc convolution(dnnl::prop_kind::forward_inference,
                                                    dnnl::algorithm::convolution_direct, source, weight,
                                                    shift, result, whole, none, none);
  return {convolution, product_attributes(product.target.accumulate, at.folded_activation()),
          at.tools().engine};
}

void emit_as_convolution(const Product& product, int64_t pictures, Lowering& at) {
  const auto desc = describe_as_convolution(product, pictures, at);
  const BufferId scratch = at.scratch(desc.scratchpad_desc().get_size());
  auto step =
      std::make_unique<PrimitiveStep>(at.tools(), 1, [desc] { return dnnl::convolution_forward(desc); });
  step->bind(DNNL_ARG_SRC, desc.src_desc(), product.source);
  const dnnl::memory::desc in_file({product.shape.out, product.shape.in, 1, 1}, library_type(at.type()),
                                   Tag::oihw);
  step->bind(DNNL_ARG_WEIGHTS, desc.weights_desc(),
             at.weight_packed(product.weight, product.stored, in_file, desc.weights_desc()));
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
  const int64_t pictures = at.in_shape(0)[0];
  if (!at.tools().stable_in_batches)
    emit_in_pieces(product, pictures, at);
  else if (at.type() == DType::bf16 && !at.tools().stable_bf16_products)
    emit_as_convolution(product, pictures, at);
  else
    emit_whole(product, at);
}

void lower(const op::Linear& op, Lowering& at) {
  const ProductShape shape{at.in_shape(0).count() / op.in, op.in, op.out};
  const Shape stored{op.out, op.in};
  if (op.int8) return lower_int8(shape, op.weight, op.bias, stored, at);
  lower_product(shape, op.weight, op.bias, stored, at);
}

}  // namespace limner::cpu
