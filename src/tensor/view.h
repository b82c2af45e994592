#pragma once
// Typed views over memory that someone else owns (a mapped file, an arena). Contiguous, row-major.

#include "base/check.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace limner {

/// A tensor one may write. Borrows its memory.
struct TensorView {
  DType dtype = DType::f32;
  Shape shape;
  void* data = nullptr;

  size_t bytes() const { return static_cast<size_t>(shape.count()) * dtype_bytes(dtype); }
  float* f32() const {
    LIMNER_CHECK(dtype == DType::f32, "an f32 tensor");
    return static_cast<float*>(data);
  }
  int32_t* i32() const {
    LIMNER_CHECK(dtype == DType::i32, "an i32 tensor");
    return static_cast<int32_t*>(data);
  }
};

/// A tensor one may read. Borrows its memory.
struct ConstTensorView {
  DType dtype = DType::f32;
  Shape shape;
  const void* data = nullptr;

  ConstTensorView() = default;
  ConstTensorView(DType type, Shape extents, const void* memory)
      : dtype(type), shape(extents), data(memory) {}
  ConstTensorView(const TensorView& view) : dtype(view.dtype), shape(view.shape), data(view.data) {}
  size_t bytes() const { return static_cast<size_t>(shape.count()) * dtype_bytes(dtype); }
  const float* f32() const {
    LIMNER_CHECK(dtype == DType::f32, "an f32 tensor");
    return static_cast<const float*>(data);
  }
  const int32_t* i32() const {
    LIMNER_CHECK(dtype == DType::i32, "an i32 tensor");
    return static_cast<const int32_t*>(data);
  }
};

}  // namespace limner
