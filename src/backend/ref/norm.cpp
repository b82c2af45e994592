#include <cmath>

#include "backend/ref/compute.h"

namespace limner::ref {
namespace {

/// Normalises `rows` x `width` elements that lie `stride` apart from row to row, in two passes, and applies
/// the channels' scale and shift.
void normalise(const float* x, int64_t rows, int64_t width, int64_t stride, float eps, const float* scale,
               const float* shift, float* out) {
  const auto count = static_cast<double>(rows * width);
  double sum = 0;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < width; ++c) sum += x[r * stride + c];
  }
  const double mean = sum / count;
  double squares = 0;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < width; ++c) squares += (x[r * stride + c] - mean) * (x[r * stride + c] - mean);
  }
  const double inverse = 1.0 / std::sqrt(squares / count + eps);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < width; ++c) {
      const double normal = (x[r * stride + c] - mean) * inverse;
      out[r * stride + c] = static_cast<float>(normal * scale[c] + (shift != nullptr ? shift[c] : 0.0f));
    }
  }
}

}  // namespace

void compute(const op::GroupNorm& op, const Call& call) {
  const auto [weight, bias] = call.weights;
  const Shape& in = call.in_shape(0);
  const int64_t pixels = in[1] * in[2];
  const int64_t channels = in[3];
  const int64_t width = channels / op.groups;
  for (int64_t b = 0; b < in[0]; ++b) {
    for (int64_t c = 0; c < channels; c += width) {
      const int64_t at = b * pixels * channels + c;
      normalise(call.in(0) + at, pixels, width, channels, op.eps, weight + c, bias + c, call.out.f32() + at);
    }
  }
}

void compute(const op::LayerNorm& op, const Call& call) {
  const auto [weight, bias] = call.weights;
  const int64_t channels = call.in_shape(0).back();
  for (int64_t row = 0; row < call.rows(0); ++row) {
    const int64_t at = row * channels;
    normalise(call.in(0) + at, 1, channels, channels, op.eps, weight, bias, call.out.f32() + at);
  }
}

}  // namespace limner::ref
