#include "watermark/fourier.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace limner {
namespace {

constexpr int kRowsMax = 128;

struct Roots {
  std::array<float, kRowsMax / 2> cosine{}, sine{};

  Roots() {
    for (size_t i = 0; i < cosine.size(); ++i) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(i) / kRowsMax;
      cosine[i] = static_cast<float>(std::cos(angle));
      sine[i] = static_cast<float>(std::sin(angle));
    }
  }
};

void reverse_bits(ComplexGrid& grid) {
  int bits = 0;
  while ((1 << bits) < grid.rows) ++bits;
  for (int row = 0; row < grid.rows; ++row) {
    int reversed = 0;
    for (int bit = 0; bit < bits; ++bit) reversed |= (row >> bit & 1) << (bits - 1 - bit);
    if (reversed <= row) continue;
    std::swap_ranges(grid.re.data() + grid.at(row, 0), grid.re.data() + grid.at(row, 0) + grid.lanes,
                     grid.re.data() + grid.at(reversed, 0));
    std::swap_ranges(grid.im.data() + grid.at(row, 0), grid.im.data() + grid.at(row, 0) + grid.lanes,
                     grid.im.data() + grid.at(reversed, 0));
  }
}

void butterfly(float* __restrict are, float* __restrict aim, float* __restrict bre, float* __restrict bim,
               float cosine, float sine, int lanes) {
  for (int i = 0; i < lanes; ++i) {
    const float re = bre[i] * cosine - bim[i] * sine;
    const float im = bre[i] * sine + bim[i] * cosine;
    bre[i] = are[i] - re;
    bim[i] = aim[i] - im;
    are[i] += re;
    aim[i] += im;
  }
}

}  // namespace

void transform_rows(ComplexGrid& grid, bool inverse) {
  static const Roots roots;
  LIMNER_CHECK(grid.rows <= kRowsMax && (grid.rows & (grid.rows - 1)) == 0, "rows are a power of two");
  reverse_bits(grid);
  for (int half = 1; half < grid.rows; half *= 2)
    for (int start = 0; start < grid.rows; start += 2 * half)
      for (int i = 0; i < half; ++i) {
        const auto root = static_cast<size_t>(i * (kRowsMax / 2 / half));
        const size_t a = grid.at(start + i, 0), b = grid.at(start + i + half, 0);
        butterfly(&grid.re[a], &grid.im[a], &grid.re[b], &grid.im[b], roots.cosine[root],
                  inverse ? roots.sine[root] : -roots.sine[root], grid.lanes);
      }
}

void transpose(const ComplexGrid& from, ComplexGrid& to) {
  LIMNER_CHECK(from.rows == to.lanes && from.lanes == to.rows, "a transpose swaps the sides");
  constexpr int kBlock = 16;
  for (int row = 0; row < from.rows; row += kBlock)
    for (int lane = 0; lane < from.lanes; lane += kBlock)
      for (int r = row; r < std::min(row + kBlock, from.rows); ++r)
        for (int l = lane; l < std::min(lane + kBlock, from.lanes); ++l) {
          to.re[to.at(l, r)] = from.re[from.at(r, l)];
          to.im[to.at(l, r)] = from.im[from.at(r, l)];
        }
}

}  // namespace limner
