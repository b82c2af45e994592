#pragma once
// A picture folded onto one tile, and the spectrum of that.

#include <vector>

#include "watermark/carriers.h"
#include "watermark/residual.h"

namespace limner {

/// Pixels of the picture for one pixel of the tile, down and across: 0.8 if it was shrunk to 80 %.
struct Scale {
  double down = 1, across = 1;
};

/// The spectrum of a folded picture, for all orientations.
class FoldedSpectrum {
 public:
  /// Adds up all pixels of `plane` that fall on the same place of the periodic tile, shared between
  /// neighbours where they fall between pixels. The pixel in the middle (width / 2, height / 2) falls on the
  /// tile's first: what is known of the offset then stays true when the scale is corrected.
  FoldedSpectrum(const Plane& plane, const Scale& scale);

  /// The picture as seen in one of 8 orientations: bit 0 mirrors it left to right, bit 1 top to bottom, bit 2
  /// then swaps rows and columns.
  Spectrum oriented(int orientation) const;

  /// The same, divided by the mean power at the frequency and multiplied by the band's shape: what a matched
  /// filter wants.
  Spectrum matched(int orientation) const;

 private:
  std::vector<std::complex<float>>
      values_;                  // [2 kBandMax + 1, kBandMax + 1]: down from -kBandMax, across from 0
  std::vector<float> weights_;  // of each bin
};

}  // namespace limner
