#include <cstring>

#include "backend/ref/compute.h"

namespace limner::ref {
namespace {

void copy(const float* from, int64_t count, float* to) {
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

/// Visits every element pair of pixel_shuffle: (index in the coarse picture, index in the fine one).
template <class Visit>
void for_each_shuffled(const Shape& fine, int64_t factor, Visit visit) {
  const int64_t coarse_width = fine[2] / factor;
  const int64_t coarse_channels = fine[3] * factor * factor;
  int64_t index = 0;
  for (int64_t by = 0; by < fine[0] * fine[1]; ++by) {
    // Batch and row flatten together: every picture holds a whole number of blocks.
    for (int64_t x = 0; x < fine[2]; ++x) {
      for (int64_t c = 0; c < fine[3]; ++c) {
        const int64_t channel = (c * factor + by % factor) * factor + x % factor;
        visit((by / factor * coarse_width + x / factor) * coarse_channels + channel, index++);
      }
    }
  }
}

}  // namespace

void compute(const op::Concat&, const Call& call) {
  float* out = call.out.f32();
  for (int64_t row = 0; row < call.rows(0); ++row) {
    for (size_t part = 0; part < call.input_count; ++part) {
      const int64_t width = call.in_shape(part).back();
      copy(call.in(part) + row * width, width, out);
      out += width;
    }
  }
}

void compute(const op::Slice& op, const Call& call) {
  for (int64_t row = 0; row < call.rows(0); ++row) {
    copy(call.in(0) + row * call.in_shape(0).back() + op.begin, op.count, call.out.f32() + row * op.count);
  }
}

void compute(const op::UpsampleNearest& op, const Call& call) {
  const Shape& in = call.in_shape(0);
  float* out = call.out.f32();
  for (int64_t b = 0; b < in[0]; ++b) {
    for (int64_t y = 0; y < op.height; ++y) {
      for (int64_t x = 0; x < op.width; ++x) {
        const int64_t row = b * in[1] + y * in[1] / op.height;
        copy(call.in(0) + (row * in[2] + x * in[2] / op.width) * in[3], in[3], out);
        out += in[3];
      }
    }
  }
}

void compute(const op::PixelShuffle& op, const Call& call) {
  for_each_shuffled(call.out.shape, op.factor,
                    [&](int64_t coarse, int64_t fine) { call.out.f32()[fine] = call.in(0)[coarse]; });
}

void compute(const op::PixelUnshuffle& op, const Call& call) {
  for_each_shuffled(call.in_shape(0), op.factor,
                    [&](int64_t coarse, int64_t fine) { call.out.f32()[coarse] = call.in(0)[fine]; });
}

void compute(const op::TakeRow&, const Call& call) {
  const Shape& in = call.in_shape(0);
  for (int64_t b = 0; b < in[0]; ++b) {
    const int32_t row = call.inputs[1].i32()[b];
    LIMNER_CHECK(row >= 0 && row < in[1], "the row is one of the sequence's");
    copy(call.in(0) + (b * in[1] + row) * in[2], in[2], call.out.f32() + b * in[2]);
  }
}

void compute(const op::Reshape&, const Call& call) {
  copy(call.in(0), call.out.shape.count(), call.out.f32());
}

void compute(const op::Constant&, const Call& call) {
  copy(call.weights[0], call.out.shape.count(), call.out.f32());
}

/// The caller's tensor is copied in; the node's only input is that tensor.
void compute(const op::Input&, const Call& call) {
  std::memcpy(call.out.data, call.inputs[0].data, call.out.bytes());
}

}  // namespace limner::ref
