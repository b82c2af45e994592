#include "backend/cpu/lower/lower.h"

namespace limner::cpu {
namespace {

/// add or mul: `kernel` picks one of TypedKernels' members.
template <class Kernel>
void lower_binary(Kernel kernel, Lowering& at) {
  const BufferId a = at.in(0);
  const BufferId b = at.in(1);
  const BufferId out = at.out_over(0);
  const Shape a_shape = at.in_shape(0);
  const Shape b_shape = at.in_shape(1);
  for_type(at.type(), [&]<class T>(T) {
    at.emit(
        [=, go = kernel(at.tools().kernels.of<T>())](const Frame& frame) {
          go(frame.at<T>(a), a_shape, frame.at<T>(b), b_shape, frame.at<T>(out));
        },
        {a, b, out});
  });
}

}  // namespace

void lower(const op::Unary& op, Lowering& at) {
  const BufferId x = at.in(0);
  const BufferId out = at.out_over(0);
  const int64_t count = at.out_shape().count();
  for_type(at.type(), [&]<class T>(T) {
    at.emit([=, go = at.tools().kernels.of<T>().activation](
                const Frame& frame) { go(op.kind, op.parameter, frame.at<T>(x), frame.at<T>(out), count); },
            {x, out});
  });
}

void lower(const op::PRelu& op, Lowering& at) {
  const BufferId x = at.in(0);
  const BufferId out = at.out_over(0);
  const int64_t channels = at.out_shape().back();
  const int64_t rows = at.out_shape().count() / channels;
  const WeightId slope = at.weight_f32(op.weight, Shape{channels});
  for_type(at.type(), [&]<class T>(T) {
    at.emit(
        [=, go = at.tools().kernels.of<T>().prelu](const Frame& frame) {
          go(frame.at<T>(x), frame.weight<float>(slope), frame.at<T>(out), rows, channels);
        },
        {x, out});
  });
}

void lower(const op::Geglu&, Lowering& at) {
  const BufferId x = at.in(0);
  const BufferId out = at.out();
  const int64_t channels = at.out_shape().back();
  const int64_t rows = at.out_shape().count() / channels;
  for_type(at.type(), [&]<class T>(T) {
    at.emit([=, go = at.tools().kernels.of<T>().geglu](
                const Frame& frame) { go(frame.at<T>(x), frame.at<T>(out), rows, channels); },
            {x, out});
  });
}

void lower(const op::Add&, Lowering& at) {
  lower_binary([](const auto& kernels) { return kernels.add; }, at);
}

void lower(const op::Mul&, Lowering& at) {
  lower_binary([](const auto& kernels) { return kernels.mul; }, at);
}

void lower(const op::Affine& op, Lowering& at) {
  const BufferId x = at.in(0);
  const BufferId out = at.out_over(0);
  const int64_t count = at.out_shape().count();
  for_type(at.type(), [&]<class T>(T) {
    at.emit([=, go = at.tools().kernels.of<T>().affine](
                const Frame& frame) { go(frame.at<T>(x), op.factor, op.offset, frame.at<T>(out), count); },
            {x, out});
  });
}

}  // namespace limner::cpu
