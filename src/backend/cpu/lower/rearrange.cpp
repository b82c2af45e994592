#include <cstring>

#include "backend/cpu/kernels/copies.h"
#include "backend/cpu/lower/lower.h"

namespace limner::cpu {

void lower(const op::Constant& op, Lowering& at) {
  const BufferId out = at.out();
  const WeightId weight = at.weight_internal(op.weight, op.stored);
  const size_t bytes = static_cast<size_t>(op.stored.count()) * dtype_bytes(at.type());
  at.emit(
      [=](const Frame& frame) { std::memcpy(frame.address(out), frame.weight<std::byte>(weight), bytes); },
      {out});
}

/// One step a part: a part may be read for the last time before the next is.
void lower(const op::Concat&, Lowering& at) {
  const size_t element = dtype_bytes(at.type());
  const size_t out_stride = static_cast<size_t>(at.out_shape().back()) * element;
  const int64_t rows = at.out_shape().count() / at.out_shape().back();
  const BufferId out = at.out();
  size_t begin = 0;
  for (size_t part = 0; part < at.input_count(); ++part) {
    const BufferId x = at.in(part);
    const size_t width = static_cast<size_t>(at.in_shape(part).back()) * element;
    at.emit(
        [=](const Frame& frame) {
          copy_rows(frame.address(x), width, frame.at<std::byte>(out) + begin, out_stride, width, rows);
        },
        {x, out});
    begin += width;
  }
}

void lower(const op::Slice& op, Lowering& at) {
  const size_t element = dtype_bytes(at.type());
  const size_t in_stride = static_cast<size_t>(at.in_shape(0).back()) * element;
  const size_t width = static_cast<size_t>(op.count) * element;
  const size_t begin = static_cast<size_t>(op.begin) * element;
  const int64_t rows = at.out_shape().count() / op.count;
  const BufferId x = at.in(0);
  const BufferId out = at.out();
  at.emit(
      [=](const Frame& frame) {
        copy_rows(frame.at<std::byte>(x) + begin, in_stride, frame.address(out), width, width, rows);
      },
      {x, out});
}

void lower(const op::UpsampleNearest& op, Lowering& at) {
  const Shape& in = at.in_shape(0);
  const Pictures shape{in[0], in[1], in[2], static_cast<size_t>(in[3]) * dtype_bytes(at.type())};
  const BufferId x = at.in(0);
  const BufferId out = at.out();
  at.emit(
      [=, height = op.height, width = op.width](const Frame& frame) {
        upsample_nearest(shape, height, width, frame.address(x), frame.address(out));
      },
      {x, out});
}

void lower(const op::PixelShuffle& op, Lowering& at) {
  const Shape coarse = at.in_shape(0);
  const int64_t channels = at.out_shape()[3];
  const size_t element = dtype_bytes(at.type());
  const BufferId x = at.in(0);
  const BufferId out = at.out();
  at.emit(
      [=, factor = op.factor](const Frame& frame) {
        pixel_shuffle(coarse[0], coarse[1], coarse[2], channels, factor, element, frame.address(x),
                      frame.address(out));
      },
      {x, out});
}

void lower(const op::PixelUnshuffle& op, Lowering& at) {
  const Shape coarse = at.out_shape();
  const int64_t channels = at.in_shape(0)[3];
  const size_t element = dtype_bytes(at.type());
  const BufferId x = at.in(0);
  const BufferId out = at.out();
  at.emit(
      [=, factor = op.factor](const Frame& frame) {
        pixel_unshuffle(coarse[0], coarse[1], coarse[2], channels, factor, element, frame.address(x),
                        frame.address(out));
      },
      {x, out});
}

void lower(const op::TakeRow&, Lowering& at) {
  const Shape& in = at.in_shape(0);
  const int64_t tokens = in[1];
  const auto batch = static_cast<size_t>(in[0]);
  const size_t row_bytes = static_cast<size_t>(in[2]) * dtype_bytes(at.type());
  const BufferId x = at.in(0);
  const BufferId row = at.in_as(1, DType::i32);
  const BufferId out = at.out();
  at.emit(
      [=](const Frame& frame) {
        take_row(frame.address(x), tokens, row_bytes, {frame.at<int32_t>(row), batch}, frame.address(out));
      },
      {x, row, out});
}

}  // namespace limner::cpu
