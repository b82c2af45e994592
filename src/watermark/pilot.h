#pragma once
// Where the tile lies in a picture: correlation with the pilot.

#include <array>

#include "watermark/carriers.h"
#include "watermark/folded_spectrum.h"

namespace limner {

inline constexpr int kOrientations = 8;

/// An offset of the tile and how far the pilot's correlation there stands out, in standard deviations.
struct PilotPeak {
  float height = 0;
  double down = 0, across = 0;  ///< pixels of the tile
};

/// The highest correlation of each orientation over the offsets of a grid of `grid` x `grid` (64: every
/// second pixel, 128: every pixel), found with one inverse transform for two orientations.
std::array<PilotPeak, kOrientations> pilot_peaks(const FoldedSpectrum& folded, const Carriers& carriers,
                                                 int grid);

/// The highest correlation near `start`, between pixels, within about `reach` pixels.
PilotPeak pilot_peak_near(const Spectrum& matched, const Carriers& carriers, const PilotPeak& start,
                          double reach);

/// `spectrum` as it is when the tile's offset is taken away.
Spectrum without_offset(const Spectrum& spectrum, const PilotPeak& peak);

}  // namespace limner
