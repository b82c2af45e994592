#pragma once
// Resampling to another size, byte for byte as Pillow does it.

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "image/picture.h"

namespace limner {

/// The largest side of a picture that is made of another one.
inline constexpr int kResizedSideMax = 32768;

/// How a pixel of the new size is made of the old ones. Shrinking widens the filter to cover every source
/// pixel.
enum class ResizeFilter : uint8_t { nearest, box, bilinear, bicubic, lanczos };

/// "nearest", "box", "bilinear", "bicubic" or "lanczos"; `field` names the option in the error.
Result<ResizeFilter> resize_filter_from_name(std::string_view name, std::string_view field);

/// A picture of width x height pixels with the channels of `picture`. The bytes are those of Pillow's
/// Image.resize: coefficients in double, rounded to 22 bits, rows first, an 8-bit picture between the two
/// passes; four channels are resampled with their colours multiplied by alpha. A size outside 1 to
/// kResizedSideMax is `invalid`.
Result<Picture> resize(const Picture& picture, int width, int height, ResizeFilter filter);

}  // namespace limner
