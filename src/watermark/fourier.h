#pragma once
// The fast Fourier transform of short columns, many side by side.

#include <cstddef>
#include <vector>

namespace limner {

/// Complex numbers [rows, lanes], real and imaginary parts apart so that a loop over lanes is a vector loop.
struct ComplexGrid {
  int rows = 0, lanes = 0;
  std::vector<float> re, im;

  ComplexGrid(int row_count, int lane_count)
      : rows(row_count),
        lanes(lane_count),
        re(static_cast<size_t>(row_count) * static_cast<size_t>(lane_count)),
        im(re.size()) {}
  size_t at(int row, int lane) const {
    return static_cast<size_t>(row) * static_cast<size_t>(lanes) + static_cast<size_t>(lane);
  }
};

/// Replaces every lane x by sum over r of x[r] exp(-2 pi i k r / rows), or with exp(+...) if `inverse`; not
/// divided by rows. The number of rows is a power of two up to 128.
void transform_rows(ComplexGrid& grid, bool inverse);

/// [lanes, rows].
void transpose(const ComplexGrid& from, ComplexGrid& to);

}  // namespace limner
