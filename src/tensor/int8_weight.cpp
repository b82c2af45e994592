#include "tensor/int8_weight.h"

#include <fmt/format.h>

#include <cmath>

#include "base/check.h"

namespace limner {

Int8Rows quantize_rows(std::span<const float> values, size_t rows) {
  LIMNER_CHECK(rows > 0 && values.size() % rows == 0, "whole rows");
  const size_t length = values.size() / rows;
  Int8Rows result{std::vector<int8_t>(values.size()), std::vector<float>(rows)};
  for (size_t row = 0; row < rows; ++row) {
    const std::span<const float> from = values.subspan(row * length, length);
    float greatest = 0;
    for (const float value : from) greatest = std::max(greatest, std::abs(value));
    // Below that the reciprocal would overflow, and the row is nothing beside any other.
    if (greatest < 0x1p-119f) continue;
    result.scales[row] = greatest / 127.0f;
    const float codes_per_unit = 127.0f / greatest;
    for (size_t i = 0; i < length; ++i)
      result.codes[row * length + i] = static_cast<int8_t>(std::nearbyint(from[i] * codes_per_unit));
  }
  return result;
}

Result<std::vector<float>> dequantize_rows(std::span<const int8_t> codes, std::span<const float> scales,
                                           const std::string& field) {
  for (const float scale : scales)
    if (!(scale >= 0 && std::isfinite(scale)))
      return invalid(field, fmt::format("a scale of {}; they must be finite and not negative", scale));
  LIMNER_CHECK(!scales.empty() && codes.size() % scales.size() == 0, "whole rows");
  const size_t length = codes.size() / scales.size();
  std::vector<float> values(codes.size());
  for (size_t i = 0; i < codes.size(); ++i) values[i] = static_cast<float>(codes[i]) * scales[i / length];
  return values;
}

}  // namespace limner
