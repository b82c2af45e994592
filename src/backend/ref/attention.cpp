#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/ref/compute.h"

namespace limner::ref {
namespace {

/// A head's keys or values: position s, component d at data[s * stride + d].
struct Head {
  const float* data;
  int64_t stride, width;

  double dot(const float* query, int64_t key) const {
    double sum = 0;
    for (int64_t d = 0; d < width; ++d) sum += static_cast<double>(query[d]) * data[key * stride + d];
    return sum;
  }
};

/// One query over `count` keys. The scores are computed again in each pass rather than kept: no memory
/// needed.
void attend(const float* query, const Head& keys, const Head& values, int64_t count, double scale,
            float* out) {
  double peak = -std::numeric_limits<double>::infinity();
  for (int64_t s = 0; s < count; ++s) peak = std::max(peak, keys.dot(query, s) * scale);
  double total = 0;
  for (int64_t s = 0; s < count; ++s) total += std::exp(keys.dot(query, s) * scale - peak);
  constexpr int64_t kBlock = 64;
  for (int64_t begin = 0; begin < values.width; begin += kBlock) {
    const int64_t length = std::min(kBlock, values.width - begin);
    double mixed[kBlock] = {};
    for (int64_t s = 0; s < count; ++s) {
      const double share = std::exp(keys.dot(query, s) * scale - peak) / total;
      for (int64_t d = 0; d < length; ++d) mixed[d] += share * values.data[s * values.stride + begin + d];
    }
    for (int64_t d = 0; d < length; ++d) out[begin + d] = static_cast<float>(mixed[d]);
  }
}

}  // namespace

void compute(const op::Attention& op, const Call& call) {
  const Shape& queries = call.in_shape(0);
  const int64_t keys = call.in_shape(1)[1];
  const int64_t channels = queries[2];
  const int64_t width = channels / op.heads;
  for (int64_t b = 0; b < queries[0]; ++b) {
    for (int64_t head = 0; head < op.heads; ++head) {
      const int64_t at = b * keys * channels + head * width;
      const Head k{call.in(1) + at, channels, width};
      const Head v{call.in(2) + at, channels, width};
      for (int64_t s = 0; s < queries[1]; ++s) {
        const int64_t row = (b * queries[1] + s) * channels + head * width;
        attend(call.in(0) + row, k, v, op.causal ? s + 1 : keys, op.scale, call.out.f32() + row);
      }
    }
  }
}

}  // namespace limner::ref
