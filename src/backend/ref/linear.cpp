#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "backend/ref/compute.h"

namespace limner::ref {

namespace {

/// A row as codes from -127 to 127 and what one of them is worth.
struct Codes {
  std::vector<int32_t> codes;
  float scale = 0;
};

Codes quantized(const float* row, int64_t count) {
  float greatest = 0;
  bool finite = true;
  for (int64_t i = 0; i < count; ++i) {
    greatest = std::max(greatest, std::abs(row[i]));
    finite = finite && std::isfinite(row[i]);
  }
  Codes result{std::vector<int32_t>(static_cast<size_t>(count)), greatest / 127.0f};
  if (!finite) result.scale = std::numeric_limits<float>::quiet_NaN();
  // Below that the reciprocal would overflow, and the row is nothing beside any other.
  if (!finite || greatest < 0x1p-119f) return result;
  const float codes_per_unit = 127.0f / greatest;
  for (int64_t i = 0; i < count; ++i)
    result.codes[static_cast<size_t>(i)] = static_cast<int32_t>(std::nearbyint(row[i] * codes_per_unit));
  return result;
}

}  // namespace

void compute_int8(int64_t in, int64_t out, const Call& call) {
  const auto [weight, bias] = call.weights;
  const int64_t rows = call.in_shape(0).count() / in;
  std::vector<Codes> x;
  for (int64_t row = 0; row < rows; ++row) x.push_back(quantized(call.in(0) + row * in, in));
  for (int64_t o = 0; o < out; ++o) {
    const Codes w = quantized(weight + o * in, in);
    for (int64_t row = 0; row < rows; ++row) {
      const Codes& of_row = x[static_cast<size_t>(row)];
      const auto sum = std::inner_product(w.codes.begin(), w.codes.end(), of_row.codes.begin(), int64_t{0});
      call.out.f32()[row * out + o] =
          static_cast<float>(static_cast<double>(sum) * of_row.scale * w.scale + (bias ? bias[o] : 0.0));
    }
  }
}

void compute(const op::Linear& op, const Call& call) {
  if (op.int8) return compute_int8(op.in, op.out, call);
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
