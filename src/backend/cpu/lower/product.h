#pragma once

#include <string>

#include "backend/cpu/lower/lower.h"

namespace limner::cpu {

/// [rows, in] times the transpose of a weight of [out, in].
struct ProductShape {
  int64_t rows = 0, in = 0, out = 0;
};

/// The node's operand times `weight`, plus `bias` unless its name is empty, with the node's residual and
/// activation. `stored` is the weight's shape in the file: [out, in], or with ones after it.
void lower_product(const ProductShape& shape, const std::string& weight, const std::string& bias,
                   Shape stored, Lowering& at);
/// The same in 8-bit integers, as op::Linear says.
void lower_int8(const ProductShape& shape, const std::string& weight, const std::string& bias, Shape stored,
                Lowering& at);

}  // namespace limner::cpu
