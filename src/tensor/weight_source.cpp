#include "tensor/weight_source.h"

namespace limner {

bool same_but_trailing_ones(const Shape& a, const Shape& b) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  for (size_t axis = 0; axis < longer.rank(); ++axis) {
    const int64_t other = axis < shorter.rank() ? shorter[axis] : 1;
    if (longer[axis] != other) return false;
  }
  return true;
}

}  // namespace limner
