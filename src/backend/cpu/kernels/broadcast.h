#pragma once
// a op b where b is repeated along some axes.

#include "backend/cpu/kernels/parallel.h"
#include "backend/cpu/kernels/vec.h"
#include "tensor/shape.h"

namespace limner::cpu::LIMNER_ISA {

/// The loop nest of a broadcast: neighbouring axes that are all repeated or all not are one axis.
struct Broadcast {
  struct Axis {
    int64_t extent;
    int64_t b_stride;  ///< elements of b from one index to the next; 0: repeated
  };
  Axis axes[Shape::kRankMax];  ///< outermost first; the innermost is the run
  int rank = 0;

  Broadcast(const Shape& a, const Shape& b) {
    int64_t b_stride = 1;
    for (size_t i = 0; i < a.rank(); ++i) {  // innermost first
      const int64_t extent = a[a.rank() - 1 - i];
      const int64_t b_extent = i < b.rank() ? b[b.rank() - 1 - i] : 1;
      if (extent == 1) continue;
      const int64_t stride = b_extent == 1 ? 0 : b_stride;
      if (rank > 0 && (axes[rank - 1].b_stride == 0) == (stride == 0)) {
        axes[rank - 1].extent *= extent;
      } else {
        axes[rank++] = {extent, stride};
      }
      b_stride *= b_extent;
    }
    if (rank == 0) axes[rank++] = {1, 1};
    std::reverse(axes, axes + rank);
  }

  const Axis& run() const { return axes[rank - 1]; }
  /// How many runs there are.
  int64_t rows() const {
    int64_t rows = 1;
    for (int i = 0; i < rank - 1; ++i) rows *= axes[i].extent;
    return rows;
  }
  /// Where run `row` starts in b.
  int64_t b_offset(int64_t row) const {
    int64_t offset = 0;
    for (int i = rank - 2; i >= 0; --i) {
      offset += row % axes[i].extent * axes[i].b_stride;
      row /= axes[i].extent;
    }
    return offset;
  }
};

template <class T, class Function>
inline void combine_run(const T* a, const T* b, bool b_repeated, T* out, int64_t count, Function function) {
  if (b_repeated) {
    const F same = load(b, Part{1})[0] + F{};
    for_lanes(count,
              [=](int64_t i, auto lanes) { store(out + i, function(load(a + i, lanes), same), lanes); });
  } else {
    for_lanes(count, [=](int64_t i, auto lanes) {
      store(out + i, function(load(a + i, lanes), load(b + i, lanes)), lanes);
    });
  }
}

template <class T, class Function>
inline void combine(const T* a, const Shape& a_shape, const T* b, const Shape& b_shape, T* out,
                    Function function) {
  const Broadcast loops(a_shape, b_shape);
  const int64_t run = loops.run().extent;
  const bool repeated = loops.run().b_stride == 0;
  if (loops.rows() == 1) {  // one long run: cut it
    return parallel_ranges(run, 1, [=](int64_t begin, int64_t end) {
      combine_run(a + begin, repeated ? b : b + begin, repeated, out + begin, end - begin, function);
    });
  }
  parallel_ranges(loops.rows(), run, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      combine_run(a + row * run, b + loops.b_offset(row), repeated, out + row * run, run, function);
    }
  });
}

template <class T>
void add(const T* a, const Shape& a_shape, const T* b, const Shape& b_shape, T* out) {
  combine(a, a_shape, b, b_shape, out, [](F x, F y) { return x + y; });
}

template <class T>
void mul(const T* a, const Shape& a_shape, const T* b, const Shape& b_shape, T* out) {
  combine(a, a_shape, b, b_shape, out, [](F x, F y) { return x * y; });
}

}  // namespace limner::cpu::LIMNER_ISA
