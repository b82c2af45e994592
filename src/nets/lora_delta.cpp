#include "nets/lora_delta.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"

namespace limner {
namespace {

constexpr int64_t kCountMax = int64_t{1} << 31;

/// A tensor in f32, seen as rows of columns; `inner` of the columns belong to one input (a convolution's
/// window).
struct Matrix {
  size_t rows = 0, columns = 0, inner = 1;
  std::vector<float> values;

  const float* row(size_t index) const { return values.data() + index * columns; }
  float* row(size_t index) { return values.data() + index * columns; }
};

Matrix zeros(size_t rows, size_t columns, size_t inner = 1) {
  return Matrix{rows, columns, inner, std::vector<float>(rows * columns)};
}

size_t window_of(const Shape& shape) {
  size_t window = 1;
  for (size_t axis = 2; axis < shape.rank(); ++axis) window *= static_cast<size_t>(shape[axis]);
  return window;
}

/// Shapes and values of one module's tensors.
class Parts {
 public:
  Parts(const LoraFile& file, const LoraModule& module) : file_(file), module_(module) {}

  bool has(LoraPart part) const { return module_.has(part); }

  Result<Shape> shape(LoraPart part) const {
    const Shape shape = TRY(file_.tensors().shape_of(module_.keys.at(part)));
    if (shape.rank() == 0 || std::ranges::any_of(shape.dims(), [](int64_t dim) { return dim < 1; }))
      return misfit();
    // So that no product of two sizes overflows.
    if (shape.count() > kCountMax) return misfit();
    return shape;
  }

  Result<Matrix> matrix(LoraPart part) const {
    const Shape shape = TRY(this->shape(part));
    const Weight weight = TRY(file_.tensors().get(module_.keys.at(part), shape));
    const LoraExtents extents = matrix_extents(shape);
    Matrix matrix =
        zeros(static_cast<size_t>(extents.rows), static_cast<size_t>(extents.columns), window_of(shape));
    convert_to_f32(weight.view.dtype, weight.view.data, matrix.values.size(), matrix.values.data());
    return matrix;
  }

  Error misfit() const {
    return invalid(file_.tensors().path().string(),
                   fmt::format("the tensors of module '{}' do not fit together", module_.name));
  }

 private:
  const LoraFile& file_;
  const LoraModule& module_;
};

// out[columns] += sum over r of factors[r] * rows of `right`, four r at a time to keep `out` in registers
// longer.
void add_combination(const float* factors, const Matrix& right, size_t begin, size_t end, float* out) {
  size_t r = 0;
  for (; r + 4 <= right.rows; r += 4) {
    const float f0 = factors[r], f1 = factors[r + 1], f2 = factors[r + 2], f3 = factors[r + 3];
    const float *a = right.row(r), *b = right.row(r + 1), *c = right.row(r + 2), *d = right.row(r + 3);
    for (size_t i = begin; i < end; ++i) out[i] += (f0 * a[i] + f1 * b[i]) + (f2 * c[i] + f3 * d[i]);
  }
  for (; r < right.rows; ++r) {
    const float f = factors[r];
    const float* a = right.row(r);
    for (size_t i = begin; i < end; ++i) out[i] += f * a[i];
  }
}

// target += scale left right. A stretch of columns is finished for all rows before the next, so that its part
// of `right` (rank 128: 256 KB) stays in the second-level cache.
void add_product(const Matrix& left, const Matrix& right, float scale, float* target) {
  constexpr size_t kStretch = 512;
  std::vector<float> factors(left.columns);
  for (size_t begin = 0; begin < right.columns; begin += kStretch) {
    const size_t end = std::min(begin + kStretch, right.columns);
    for (size_t row = 0; row < left.rows; ++row) {
      std::ranges::transform(std::span(left.row(row), left.columns), factors.begin(),
                             [&](float value) { return scale * value; });
      add_combination(factors.data(), right, begin, end, target + row * right.columns);
    }
  }
}

Matrix product(const Matrix& left, const Matrix& right) {
  Matrix result = zeros(left.rows, right.columns, right.inner);
  add_product(left, right, 1, result.values.data());
  return result;
}

Matrix transposed(const Matrix& matrix) {
  Matrix result = zeros(matrix.columns, matrix.rows);
  for (size_t r = 0; r < matrix.rows; ++r)
    for (size_t c = 0; c < matrix.columns; ++c) result.row(c)[r] = matrix.row(r)[c];
  return result;
}

// The core [p, q, window] of a CP decomposition times its input factor [q, inputs]: [p, inputs, window].
Matrix core_times(const Matrix& core, const Matrix& down) {
  const size_t window = core.inner, inputs = down.columns;
  Matrix result = zeros(core.rows, inputs * window, window);
  for (size_t p = 0; p < core.rows; ++p)
    for (size_t q = 0; q < down.rows; ++q)
      for (size_t i = 0; i < inputs; ++i)
        for (size_t k = 0; k < window; ++k)
          result.row(p)[i * window + k] += core.row(p)[q * window + k] * down.row(q)[i];
  return result;
}

// Elements that core_times() makes at most, forty times what files of rank 128 ask for. Its rows are a rank,
// which nothing else holds down.
constexpr int64_t kCoreElementsMax = int64_t{1} << 26;

bool core_fits(int64_t rows, int64_t columns) { return columns == 0 || rows <= kCoreElementsMax / columns; }

// The three ways to write one factor: a product a b; with a core t, a^T (t b); or the matrix itself.
struct Factor {
  LoraPart whole, a, b, core;
};
constexpr Factor kHada1{LoraPart::alpha, LoraPart::hada_1a, LoraPart::hada_1b, LoraPart::hada_1t};
constexpr Factor kHada2{LoraPart::alpha, LoraPart::hada_2a, LoraPart::hada_2b, LoraPart::hada_2t};
constexpr Factor kLokr1{LoraPart::lokr_1, LoraPart::lokr_1a, LoraPart::lokr_1b, LoraPart::alpha};
constexpr Factor kLokr2{LoraPart::lokr_2, LoraPart::lokr_2a, LoraPart::lokr_2b, LoraPart::lokr_2t};

bool has_part(const Parts& parts, LoraPart part) { return part != LoraPart::alpha && parts.has(part); }

/// The extents of a factor; `inner` is its window.
struct FactorExtents {
  int64_t rows = 0, columns = 0, inner = 1;
};

Result<FactorExtents> factor_extents(const Parts& parts, const Factor& factor) {
  const auto of = [](const Shape& shape) {
    const LoraExtents extents = matrix_extents(shape);
    return FactorExtents{extents.rows, extents.columns, static_cast<int64_t>(window_of(shape))};
  };
  if (has_part(parts, factor.whole)) return of(TRY(parts.shape(factor.whole)));
  const FactorExtents a = of(TRY(parts.shape(factor.a))), b = of(TRY(parts.shape(factor.b)));
  if (!has_part(parts, factor.core)) {
    if (a.columns != b.rows) return parts.misfit();
    return FactorExtents{a.rows, b.columns, b.inner};
  }
  const FactorExtents core = of(TRY(parts.shape(factor.core)));
  if (core.rows != a.rows || core.columns != b.rows * core.inner) return parts.misfit();
  if (!core_fits(core.rows, b.columns * core.inner)) return parts.misfit();
  return FactorExtents{a.columns, b.columns * core.inner, core.inner};
}

Result<Matrix> factor_matrix(const Parts& parts, const Factor& factor) {
  TRY(factor_extents(parts, factor));
  if (has_part(parts, factor.whole)) return TRY(parts.matrix(factor.whole));
  const Matrix a = TRY(parts.matrix(factor.a)), b = TRY(parts.matrix(factor.b));
  if (!has_part(parts, factor.core)) return product(a, b);
  return product(transposed(a), core_times(TRY(parts.matrix(factor.core)), b));
}

Result<LoraExtents> low_rank_extents(const Parts& parts) {
  const Shape up = TRY(parts.shape(LoraPart::up)), down = TRY(parts.shape(LoraPart::down));
  const LoraExtents left = matrix_extents(up), right = matrix_extents(down);
  if (!parts.has(LoraPart::mid)) {
    if (left.columns != right.rows) return parts.misfit();
    return LoraExtents{left.rows, right.columns};
  }
  const Shape mid = TRY(parts.shape(LoraPart::mid));
  const int64_t window = static_cast<int64_t>(window_of(mid));
  const LoraExtents core = matrix_extents(mid);
  if (left.columns != core.rows || core.columns != right.rows * window) return parts.misfit();
  if (!core_fits(core.rows, right.columns * window)) return parts.misfit();
  return LoraExtents{left.rows, right.columns * window};
}

// What alpha is divided by; 0 if the change is not scaled.
Result<int64_t> rank_of(const Parts& parts, LoraKind kind) {
  switch (kind) {
    case LoraKind::low_rank:
      return TRY(parts.shape(LoraPart::down))[0];
    case LoraKind::hadamard:
      return TRY(parts.shape(LoraPart::hada_1b))[0];
    case LoraKind::kronecker:
      if (parts.has(LoraPart::lokr_1b)) return TRY(parts.shape(LoraPart::lokr_1b))[0];
      if (parts.has(LoraPart::lokr_2b)) return TRY(parts.shape(LoraPart::lokr_2b))[0];
      return 0;
    case LoraKind::difference:
      return 0;
  }
  return 0;
}

Result<float> scale_of(const Parts& parts, const LoraModule& module) {
  const int64_t rank = TRY(rank_of(parts, module.kind));
  if (!module.alpha || rank == 0) return 1.0f;
  const float divisor = static_cast<float>(rank);
  return *module.alpha / (module.root_of_rank ? std::sqrt(divisor) : divisor);
}

Result<void> add_low_rank(const Parts& parts, float scale, float* target) {
  const Matrix up = TRY(parts.matrix(LoraPart::up)), down = TRY(parts.matrix(LoraPart::down));
  const Matrix right = parts.has(LoraPart::mid) ? core_times(TRY(parts.matrix(LoraPart::mid)), down) : down;
  add_product(up, right, scale, target);
  return {};
}

Result<void> add_hadamard(const Parts& parts, float scale, float* target) {
  const Matrix first = TRY(factor_matrix(parts, kHada1)), second = TRY(factor_matrix(parts, kHada2));
  for (size_t i = 0; i < first.values.size(); ++i) target[i] += scale * first.values[i] * second.values[i];
  return {};
}

Result<void> add_kronecker(const Parts& parts, float scale, float* target) {
  const Matrix outer = TRY(factor_matrix(parts, kLokr1)), inner = TRY(factor_matrix(parts, kLokr2));
  const size_t columns = outer.columns * inner.columns;
  for (size_t a = 0; a < outer.rows; ++a)
    for (size_t c = 0; c < inner.rows; ++c)
      for (size_t b = 0; b < outer.columns; ++b) {
        const float factor = scale * outer.row(a)[b];
        float* out = target + (a * inner.rows + c) * columns + b * inner.columns;
        for (size_t i = 0; i < inner.columns; ++i) out[i] += factor * inner.row(c)[i];
      }
  return {};
}

Result<void> add_difference(const Parts& parts, float scale, float* target) {
  const Matrix difference = TRY(parts.matrix(LoraPart::diff));
  for (size_t i = 0; i < difference.values.size(); ++i) target[i] += scale * difference.values[i];
  return {};
}

}  // namespace

LoraExtents matrix_extents(const Shape& shape) {
  if (shape.rank() == 0) return {};
  int64_t columns = 1;
  for (size_t axis = 1; axis < shape.rank(); ++axis) columns *= shape[axis];
  return LoraExtents{shape[0], columns};
}

Result<LoraExtents> lora_extents(const LoraFile& file, const LoraModule& module) {
  const Parts parts(file, module);
  switch (module.kind) {
    case LoraKind::low_rank:
      return low_rank_extents(parts);
    case LoraKind::hadamard: {
      const FactorExtents first = TRY(factor_extents(parts, kHada1)),
                          second = TRY(factor_extents(parts, kHada2));
      if (first.rows != second.rows || first.columns != second.columns) return parts.misfit();
      return LoraExtents{first.rows, first.columns};
    }
    case LoraKind::kronecker: {
      const FactorExtents outer = TRY(factor_extents(parts, kLokr1)),
                          inner = TRY(factor_extents(parts, kLokr2));
      if (outer.inner != 1) return parts.misfit();
      return LoraExtents{outer.rows * inner.rows, outer.columns * inner.columns};
    }
    case LoraKind::difference:
      return matrix_extents(TRY(parts.shape(LoraPart::diff)));
  }
  return parts.misfit();
}

Result<void> add_lora(const LoraFile& file, const LoraModule& module, float weight, std::span<float> target) {
  const LoraExtents extents = TRY(lora_extents(file, module));
  LIMNER_CHECK(static_cast<size_t>(extents.rows * extents.columns) == target.size(),
               "a change of its weight's size");
  const Parts parts(file, module);
  const float scale = weight * TRY(scale_of(parts, module));
  switch (module.kind) {
    case LoraKind::low_rank:
      return add_low_rank(parts, scale, target.data());
    case LoraKind::hadamard:
      return add_hadamard(parts, scale, target.data());
    case LoraKind::kronecker:
      return add_kronecker(parts, scale, target.data());
    case LoraKind::difference:
      return add_difference(parts, scale, target.data());
  }
  return {};
}

}  // namespace limner
