#include "watermark/folded_spectrum.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "watermark/fourier.h"

namespace limner {
namespace {

constexpr int kColumns = kBandMax + 1;

// Where pixel `i` falls on the tile: at `low` with 1 - fraction and at the next with fraction.
struct Place {
  int low = 0, next = 0;
  float fraction = 0;
};

Place place_of(int i, int centre, double scale) {
  const double position = (i - centre + 0.5) / scale - 0.5;
  const double floor = std::floor(position);
  Place place;
  place.low = ((static_cast<int>(floor) % kTile) + kTile) % kTile;
  place.next = (place.low + 1) % kTile;
  place.fraction = static_cast<float>(position - floor);
  return place;
}

void add_scaled(float* __restrict to, const float* __restrict from, float factor, int count) {
  for (int i = 0; i < count; ++i) to[i] += factor * from[i];
}

// [kTile across, kTile down]: transposed, so that both folds are loops over rows in memory.
std::vector<float> folded(const Plane& plane, const Scale& scale) {
  const int width = plane.width;
  Plane rows(width, kTile);
  for (int y = 0; y < plane.height; ++y) {
    const Place place = place_of(y, plane.height / 2, scale.down);
    add_scaled(rows.row(place.low), plane.row(y), 1 - place.fraction, width);
    if (place.fraction > 0) add_scaled(rows.row(place.next), plane.row(y), place.fraction, width);
  }
  std::vector<float> tile(static_cast<size_t>(kTile) * kTile);
  constexpr int kBlock = 16;
  std::vector<float> columns(static_cast<size_t>(kBlock) * kTile);
  for (int x0 = 0; x0 < width; x0 += kBlock) {
    const int count = std::min(kBlock, width - x0);
    for (int y = 0; y < kTile; ++y)
      for (int i = 0; i < count; ++i) columns[static_cast<size_t>(i * kTile + y)] = rows.row(y)[x0 + i];
    for (int i = 0; i < count; ++i) {
      const Place place = place_of(x0 + i, width / 2, scale.across);
      const float* column = columns.data() + static_cast<size_t>(i) * kTile;
      add_scaled(tile.data() + static_cast<size_t>(place.low) * kTile, column, 1 - place.fraction, kTile);
      if (place.fraction > 0)
        add_scaled(tile.data() + static_cast<size_t>(place.next) * kTile, column, place.fraction, kTile);
    }
  }
  return tile;
}

// The tile is real: two halves of its rows are one complex transform, taken apart by symmetry.
ComplexGrid transformed_across(const std::vector<float>& tile) {
  constexpr int kHalf = kTile / 2;
  ComplexGrid pairs(kTile, kHalf);
  for (int x = 0; x < kTile; ++x) {
    const float* from = tile.data() + static_cast<size_t>(x) * kTile;
    std::copy_n(from, kHalf, pairs.re.data() + pairs.at(x, 0));
    std::copy_n(from + kHalf, kHalf, pairs.im.data() + pairs.at(x, 0));
  }
  transform_rows(pairs, false);
  ComplexGrid out(kColumns, kTile);
  for (int across = 0; across < kColumns; ++across) {
    const size_t a = pairs.at(across, 0), b = pairs.at((kTile - across) % kTile, 0);
    for (int i = 0; i < kHalf; ++i) {
      const auto j = static_cast<size_t>(i);
      const float are = pairs.re[a + j], aim = pairs.im[a + j], bre = pairs.re[b + j], bim = pairs.im[b + j];
      const size_t first = out.at(across, i), second = out.at(across, i + kHalf);
      out.re[first] = (are + bre) * 0.5f;
      out.im[first] = (aim - bim) * 0.5f;
      out.re[second] = (aim + bim) * 0.5f;
      out.im[second] = (bre - are) * 0.5f;
    }
  }
  return out;
}

// Where a bin's value lies in what is kept of the spectrum, and -1 if it is the conjugate.
struct Source {
  size_t index = 0;
  float conjugate = 1;
};

Source source_of(Frequency f) {
  Source source;
  if (f.across < 0) f = {-f.down, -f.across}, source.conjugate = -1;
  source.index = static_cast<size_t>((f.down + kBandMax) * kColumns + f.across);
  return source;
}

std::array<std::vector<Source>, 8> sources_of_orientations() {
  std::array<std::vector<Source>, 8> all;
  for (size_t orientation = 0; orientation < all.size(); ++orientation)
    for (Frequency f : band()) {
      if (orientation & 4) std::swap(f.down, f.across);
      if (orientation & 1) f.across = -f.across;
      if (orientation & 2) f.down = -f.down;
      all[orientation].push_back(source_of(f));
    }
  return all;
}

// One over the mean power of about 65 bins of similar frequency.
std::vector<float> matched_weights(const Spectrum& spectrum) {
  constexpr int kReach = 32;
  std::vector<double> sums(kBins + 1, 0.0);
  for (size_t i = 0; i < kBins; ++i) sums[i + 1] = sums[i] + std::norm(spectrum[i]);
  std::vector<float> weights(kBins);
  for (int i = 0; i < kBins; ++i) {
    const int first = std::max(0, i - kReach), last = std::min(kBins, i + kReach + 1);
    const double mean = (sums[static_cast<size_t>(last)] - sums[static_cast<size_t>(first)]) / (last - first);
    const auto bin = static_cast<size_t>(i);
    weights[bin] = mean > 0 ? band_shape()[bin] / static_cast<float>(mean) : 0.0f;
  }
  return weights;
}

}  // namespace

FoldedSpectrum::FoldedSpectrum(const Plane& plane, const Scale& scale) {
  const ComplexGrid across = transformed_across(folded(plane, scale));
  ComplexGrid grid(kTile, kColumns);
  transpose(across, grid);
  transform_rows(grid, false);
  values_.resize(static_cast<size_t>(2 * kBandMax + 1) * kColumns);
  for (int down = -kBandMax; down <= kBandMax; ++down)
    for (int column = 0; column < kColumns; ++column) {
      const size_t from = grid.at((down + kTile) % kTile, column);
      values_[static_cast<size_t>((down + kBandMax) * kColumns + column)] = {grid.re[from], grid.im[from]};
    }
  weights_ = matched_weights(oriented(0));
}

Spectrum FoldedSpectrum::oriented(int orientation) const {
  static const std::array<std::vector<Source>, 8> sources = sources_of_orientations();
  const std::vector<Source>& from = sources[static_cast<size_t>(orientation)];
  Spectrum spectrum(kBins);
  for (size_t i = 0; i < kBins; ++i) {
    const std::complex<float> value = values_[from[i].index];
    spectrum[i] = {value.real(), value.imag() * from[i].conjugate};
  }
  return spectrum;
}

Spectrum FoldedSpectrum::matched(int orientation) const {
  Spectrum spectrum = oriented(orientation);
  for (size_t i = 0; i < kBins; ++i) spectrum[i] *= weights_[i];
  return spectrum;
}

}  // namespace limner
