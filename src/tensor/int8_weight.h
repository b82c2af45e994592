#pragma once
// Weights in 8 bits as they lie in files: a code from -127 to 127 for every value, a scale for every output
// (docs/formats/quantized-weights.md).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

/// What follows the name of a tensor of codes to name its scales.
inline constexpr std::string_view kScaleSuffix = "_scale";

/// Rows of codes; value = code * scale of its row.
struct Int8Rows {
  std::vector<int8_t> codes;
  std::vector<float> scales;
};

/// Rows of equal length: scale = max|value| / 127 and code = round(value / scale) to nearest even; a row of
/// zeros has scale 0.
Int8Rows quantize_rows(std::span<const float> values, size_t rows);

/// The values. `invalid`, naming `field`, if a scale is negative or not finite.
Result<std::vector<float>> dequantize_rows(std::span<const int8_t> codes, std::span<const float> scales,
                                           const std::string& field);

}  // namespace limner
