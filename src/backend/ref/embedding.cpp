#include <cmath>
#include <cstring>

#include "backend/ref/compute.h"

namespace limner::ref {

void compute(const op::Embedding& op, const Call& call) {
  const int32_t* ids = call.inputs[0].i32();
  for (int64_t i = 0; i < call.in_shape(0).count(); ++i) {
    LIMNER_CHECK(ids[i] >= 0 && ids[i] < op.rows, "the id is one of the table's");
    std::memcpy(call.out.f32() + i * op.width, call.weights[0] + ids[i] * op.width,
                static_cast<size_t>(op.width) * sizeof(float));
  }
}

void compute(const op::SinusoidEmbedding& op, const Call& call) {
  const int64_t half = op.width / 2;
  const auto log_period = static_cast<float>(std::log(static_cast<double>(op.max_period)));
  float* out = call.out.f32();
  for (int64_t i = 0; i < call.in_shape(0).count(); ++i, out += op.width) {
    float* sines = op.flip_sin_to_cos ? out + half : out;
    float* cosines = op.flip_sin_to_cos ? out : out + half;
    for (int64_t j = 0; j < half; ++j) {
      // Each product is rounded to f32, as the networks saw it in training: at 1000 that moves the angle by
      // 3e-5.
      const float exponent = -log_period * static_cast<float>(j) / (static_cast<float>(half) - op.shift);
      const auto frequency = static_cast<float>(std::exp(static_cast<double>(exponent)));
      const float angle = op.scale * (call.in(0)[i] * frequency);
      sines[j] = static_cast<float>(std::sin(static_cast<double>(angle)));
      cosines[j] = static_cast<float>(std::cos(static_cast<double>(angle)));
    }
  }
}

}  // namespace limner::ref
