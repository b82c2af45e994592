#pragma once
// What a WeightSource answers when it cannot give what was asked: the same words for every kind of source.

#include <string>
#include <string_view>

#include "base/result.h"
#include "tensor/shape.h"

namespace limner {

/// `source` (a file, a folder) has no tensor `name`.
Error missing_weight(std::string_view source, std::string_view name);
/// The tensor is there but holds something else.
Error wrong_weight_shape(std::string_view source, std::string_view name, const Shape& stored,
                         const Shape& expected);
/// The tensor's type is not one that a network computes with.
Error wrong_weight_type(std::string_view source, std::string_view name, std::string_view dtype);

}  // namespace limner
