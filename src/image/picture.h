#pragma once
// A picture in memory.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace limner {

/// 8-bit sRGB, interleaved, row-major, channels 1 (mask), 3 or 4 (with alpha).
struct Picture {
  int width = 0, height = 0, channels = 3;
  std::vector<uint8_t> pixels;

  bool empty() const { return pixels.empty(); }
  uint8_t* row(int y) { return pixels.data() + static_cast<size_t>(y) * width * channels; }
  const uint8_t* row(int y) const { return pixels.data() + static_cast<size_t>(y) * width * channels; }
};

}  // namespace limner
