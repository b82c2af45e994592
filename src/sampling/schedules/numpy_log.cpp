#include "sampling/schedules/numpy_log.h"

#include <cmath>
#include <numbers>

namespace limner {

// The rational approximation of numpy 1.17 and later (simd_log_FLOAT, BSD licence): log(1 + y) = P(y) / Q(y)
// with the mantissa brought into [sqrt(1/2), sqrt(2)).
float numpy_log(float x) {
  constexpr float kP[] = {0.0f,
                          9.999999999999998702752e-01f,
                          2.112677543073053063722e+00f,
                          1.480000633576506585156e+00f,
                          3.808837741388407920751e-01f,
                          2.589979117907922693523e-02f};
  constexpr float kQ[] = {1.0f,
                          2.612677543073109236779e+00f,
                          2.453006071784736363091e+00f,
                          9.864942958518419960339e-01f,
                          1.546476374983906719538e-01f,
                          5.875095403124574342950e-03f};
  int exponent = 0;
  float mantissa = std::frexp(x, &exponent);
  if (mantissa < std::numbers::sqrt2_v<float> / 2) {
    mantissa += mantissa;
    exponent -= 1;
  }
  const float y = mantissa - 1;
  float numerator = kP[5], denominator = kQ[5];
  for (int power = 4; power >= 0; --power) {
    numerator = std::fma(numerator, y, kP[power]);
    denominator = std::fma(denominator, y, kQ[power]);
  }
  return std::fma(static_cast<float>(exponent), std::numbers::ln2_v<float>, numerator / denominator);
}

}  // namespace limner
