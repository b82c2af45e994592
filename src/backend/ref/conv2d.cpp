#include "backend/ref/compute.h"

namespace limner::ref {
namespace {

/// The input's pixel under position `at`, wrapped where the axis is circular; -1 in a border of zeros.
int64_t source_pixel(int64_t at, int64_t extent, bool circular) {
  if (circular) return (at + extent) % extent;
  return at >= 0 && at < extent ? at : -1;
}

double one_output(const op::Conv2d& op, const Shape& in, const float* picture, const float* filter, int64_t y,
                  int64_t x) {
  double sum = 0;
  for (int64_t ky = 0; ky < op.kernel; ++ky) {
    const int64_t sy = source_pixel(y * op.stride + ky - op.pad_top, in[1], op.circular_y);
    for (int64_t kx = 0; kx < op.kernel; ++kx) {
      const int64_t sx = source_pixel(x * op.stride + kx - op.pad_left, in[2], op.circular_x);
      if (sy < 0 || sx < 0) continue;
      const float* pixel = picture + (sy * in[2] + sx) * op.in;
      for (int64_t i = 0; i < op.in; ++i) {
        sum += static_cast<double>(pixel[i]) * filter[(i * op.kernel + ky) * op.kernel + kx];
      }
    }
  }
  return sum;
}

}  // namespace

void compute(const op::Conv2d& op, const Call& call) {
  if (op.int8) return compute_int8(op.in, op.out, call);
  const auto [weight, bias] = call.weights;
  const Shape& in = call.in_shape(0);
  const Shape& shape = call.out.shape;
  float* out = call.out.f32();
  for (int64_t b = 0; b < shape[0]; ++b) {
    const float* picture = call.in(0) + b * in[1] * in[2] * in[3];
    for (int64_t y = 0; y < shape[1]; ++y) {
      for (int64_t x = 0; x < shape[2]; ++x) {
        for (int64_t o = 0; o < op.out; ++o) {
          const float* filter = weight + o * op.in * op.kernel * op.kernel;
          const double sum = one_output(op, in, picture, filter, y, x);
          *out++ = static_cast<float>(sum + (bias != nullptr ? bias[o] : 0.0));
        }
      }
    }
  }
}

}  // namespace limner::ref
