// Linear maps in 8 bits: rows quantised, a product of integers, scales and bias in its epilogue.

#include "backend/cpu/lower/product.h"

namespace limner::cpu {

void lower_int8(const ProductShape& shape, const std::string& weight, const std::string& bias, Shape stored,
                Lowering& at) {
  const BufferId codes = at.in_codes(0, shape.in);
  const Lowering::Target target = at.product_target();
  const Int8Shape product{.rows = shape.rows,
                          .in = shape.in,
                          .out = shape.out,
                          .accumulate = target.accumulate,
                          .activation = at.folded_activation()};
  const WeightId packed = at.weight_int8(weight, stored);
  std::optional<WeightId> shift;
  if (!bias.empty()) shift = at.weight_f32(bias, Shape{shape.out});
  for_type(target.type, [&]<class T>(T) {
    at.emit(
        [=, go = at.tools().kernels.int8.multiply_to<T>(), to = target.buffer](const Frame& frame) {
          go(product, frame.address(codes), frame.weight<std::byte>(packed),
             shift ? frame.weight<float>(*shift) : nullptr, frame.at<T>(to));
        },
        {codes, target.buffer});
  });
}

}  // namespace limner::cpu
