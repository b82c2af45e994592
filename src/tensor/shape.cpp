#include "tensor/shape.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/check.h"

namespace limner {

Shape::Shape(std::initializer_list<int64_t> dims)
    : Shape(std::span<const int64_t>(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const int64_t> dims) : rank_(dims.size()) {
  LIMNER_CHECK(dims.size() <= kRankMax, "at most five extents");
  std::copy(dims.begin(), dims.end(), dims_.begin());
}

int64_t Shape::count() const {
  int64_t count = 1;
  for (const int64_t dim : dims()) count *= dim;
  return count;
}

std::string Shape::text() const { return fmt::format("[{}]", fmt::join(dims(), ", ")); }

bool operator==(const Shape& a, const Shape& b) { return std::ranges::equal(a.dims(), b.dims()); }

}  // namespace limner
