#include "engine/vae_tiling.h"

#include <algorithm>

namespace limner {
namespace {

/// A tile's output and where it belongs.
struct Patch {
  int top = 0, left = 0, height = 0, width = 0, channels = 0;
  std::vector<float> values;  // [height, width, channels]
  float* at(int y, int x) { return values.data() + (static_cast<size_t>(y) * width + x) * channels; }
};

// The last rows of what is above fade into the first of what is below.
void blend_rows(Patch& above, Patch& below, int extent) {
  extent = std::min({extent, above.height, below.height});
  const size_t row = static_cast<size_t>(below.width) * below.channels;
  for (int y = 0; y < extent; ++y) {
    const float share = static_cast<float>(static_cast<double>(y) / extent);
    const float rest = static_cast<float>(1 - static_cast<double>(y) / extent);
    const float* from = above.at(above.height - extent + y, 0);
    float* to = below.at(y, 0);
    for (size_t i = 0; i < row; ++i) to[i] = from[i] * rest + to[i] * share;
  }
}

void blend_columns(Patch& left, Patch& right, int extent) {
  extent = std::min({extent, left.width, right.width});
  for (int x = 0; x < extent; ++x) {
    const float share = static_cast<float>(static_cast<double>(x) / extent);
    const float rest = static_cast<float>(1 - static_cast<double>(x) / extent);
    for (int y = 0; y < right.height; ++y) {
      const float* from = left.at(y, left.width - extent + x);
      float* to = right.at(y, x);
      for (int c = 0; c < right.channels; ++c) to[c] = from[c] * rest + to[c] * share;
    }
  }
}

}  // namespace

Result<std::vector<float>> run_tiled(const TiledPass& pass) {
  const auto scaled = [&](int side) { return side * pass.numerator / pass.denominator; };
  const int stride = pass.tile - pass.tile / 4, blend = scaled(pass.tile / 4), kept = scaled(stride);
  const int height = scaled(pass.height), width = scaled(pass.width);
  std::vector<float> out(static_cast<size_t>(height) * width * pass.channels);
  std::vector<Patch> above;
  for (int top = 0; top < pass.height; top += stride) {
    std::vector<Patch> row;
    for (int left = 0; left < pass.width; left += stride) {
      const TileArea tile{top, left, std::min(pass.tile, pass.height - top),
                          std::min(pass.tile, pass.width - left)};
      row.push_back({scaled(top), scaled(left), scaled(tile.height), scaled(tile.width), pass.channels,
                     TRY(pass.run(tile))});
      Patch& patch = row.back();
      if (!above.empty()) blend_rows(above[row.size() - 1], patch, blend);
      if (row.size() > 1) blend_columns(row[row.size() - 2], patch, blend);
      const int columns = std::min(patch.width, kept);
      for (int y = 0; y < std::min(patch.height, kept); ++y)
        std::copy_n(patch.at(y, 0), static_cast<size_t>(columns) * pass.channels,
                    out.data() + (static_cast<size_t>(patch.top + y) * width + patch.left) * pass.channels);
    }
    above = std::move(row);
  }
  return out;
}

}  // namespace limner
