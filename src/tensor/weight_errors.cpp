#include "tensor/weight_errors.h"

#include <fmt/format.h>

namespace limner {

Error missing_weight(std::string_view source, std::string_view name) {
  return not_found(std::string(source), fmt::format("no tensor '{}'", name),
                   "is this a file for the model's configuration?");
}

Error wrong_weight_shape(std::string_view source, std::string_view name, const Shape& stored,
                         const Shape& expected) {
  return invalid(std::string(source),
                 fmt::format("tensor '{}' is {}, expected {}", name, stored.text(), expected.text()));
}

Error wrong_weight_type(std::string_view source, std::string_view name, std::string_view dtype) {
  return unsupported(std::string(source),
                     fmt::format("tensor '{}' is {}; weights are F32, F16, BF16 or F64", name, dtype));
}

}  // namespace limner
