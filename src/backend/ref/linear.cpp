#include "backend/ref/compute.h"

namespace limner::ref {

void compute(const op::Linear& op, const Call& call) {
  const auto [weight, bias] = call.weights;
  const float* x = call.in(0);
  float* out = call.out.f32();
  for (int64_t row = 0; row < call.rows(0); ++row) {
    for (int64_t o = 0; o < op.out; ++o) {
      double sum = bias != nullptr ? bias[o] : 0.0;
      for (int64_t i = 0; i < op.in; ++i)
        sum += static_cast<double>(x[row * op.in + i]) * weight[o * op.in + i];
      out[row * op.out + o] = static_cast<float>(sum);
    }
  }
}

}  // namespace limner::ref
