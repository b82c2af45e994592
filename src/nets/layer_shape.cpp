#include "nets/layer_shape.h"

#include <fmt/format.h>

namespace limner {

bool has_layer(const WeightSource& weights, const Scope& scope) {
  return weights.has((scope / "weight").path);
}

Result<Shape> layer_shape(const WeightSource& weights, const Scope& scope, size_t rank,
                          const LayerBounds& bounds, std::string_view field) {
  const std::string name = (scope / "weight").path;
  if (!weights.has(name))
    return unsupported(std::string(field), fmt::format("no {}: has no {}", bounds.network, name));
  const Shape shape = TRY(weights.shape_of(name));
  bool fits = shape.rank() == rank;
  for (size_t i = 0; fits && i < rank; ++i) fits = shape[i] >= 1 && shape[i] <= bounds.extent_max;
  if (!fits)
    return unsupported(std::string(field),
                       fmt::format("{} has shape {}: no {}", name, shape.text(), bounds.network));
  return shape;
}

}  // namespace limner
