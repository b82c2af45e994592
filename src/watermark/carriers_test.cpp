#include "watermark/carriers.h"

#include <gtest/gtest.h>

#include <cmath>

#include "watermark/folded_spectrum.h"
#include "watermark/fourier.h"
#include "watermark/pilot.h"

namespace limner {
namespace {

const WatermarkKey kCarriersKey{"a secret of the tests", 1};

Plane repeated(const std::vector<float>& tile, int width, int height, int shift_x, int shift_y) {
  Plane plane(width, height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      plane.row(y)[x] =
          tile[static_cast<size_t>(((y - height / 2 + shift_y) % kTile + kTile) % kTile * kTile +
                                   ((x - width / 2 + shift_x) % kTile + kTile) % kTile)];
  return plane;
}

Amplitudes some_bits() {
  Amplitudes amplitudes{};
  amplitudes[0] = 4;
  for (size_t i = 1; i < amplitudes.size(); ++i) amplitudes[i] = i % 3 ? 1.0f : -1.0f;
  return amplitudes;
}

TEST(Fourier, IsTheDiscreteFourierTransform) {
  for (const int rows : {8, 64, 128}) {
    ComplexGrid grid(rows, 3);
    for (size_t i = 0; i < grid.re.size(); ++i) {
      grid.re[i] = std::sin(static_cast<float>(i * i));
      grid.im[i] = std::cos(static_cast<float>(3 * i));
    }
    const ComplexGrid before = grid;
    transform_rows(grid, false);
    for (const int k : {0, 1, rows / 2, rows - 1}) {
      std::complex<double> sum = 0;
      for (int r = 0; r < rows; ++r)
        sum += std::complex<double>(before.re[before.at(r, 1)], before.im[before.at(r, 1)]) *
               std::polar(1.0, -2 * M_PI * k * r / rows);
      EXPECT_NEAR(grid.re[grid.at(k, 1)], sum.real(), 1e-3);
      EXPECT_NEAR(grid.im[grid.at(k, 1)], sum.imag(), 1e-3);
    }
    transform_rows(grid, true);
    for (size_t i = 0; i < grid.re.size(); ++i)
      EXPECT_NEAR(grid.re[i] / static_cast<float>(rows), before.re[i], 1e-5);
  }
}

TEST(Carriers, TheBandIsWithinWhatTheDesignSays) {
  ASSERT_EQ(band().size(), static_cast<size_t>(kBins));
  for (const Frequency& f : band()) {
    EXPECT_LE(std::abs(f.down), kBandMax);
    EXPECT_LE(f.across, kBandMax);
    EXPECT_GE(std::hypot(f.down, f.across), 0.03 * kTile);
    EXPECT_LE(std::hypot(f.down, f.across), 0.203 * kTile);
  }
}

TEST(Carriers, TheirTileReadsAsWhatItWasMadeOf) {
  const Carriers carriers(kCarriersKey);
  const Amplitudes amplitudes = some_bits();
  const FoldedSpectrum folded(repeated(carriers.tile(amplitudes), 200, 300, 0, 0), {});
  Spectrum flat = folded.oriented(0);
  for (size_t i = 0; i < flat.size(); ++i) flat[i] /= band_shape()[i];
  const SoftValues soft = carriers.soft_values(flat);
  for (size_t i = 1; i < amplitudes.size(); ++i) EXPECT_GT(soft.carriers[i] * amplitudes[i], 0) << i;
  EXPECT_GT(soft.carriers[0], 2 * std::fabs(soft.carriers[1]));
}

TEST(Carriers, AnotherKeyOrLabelIsOtherNoise) {
  const std::vector<float> tile = Carriers(kCarriersKey).tile(some_bits());
  for (const WatermarkKey& other :
       {WatermarkKey{"another secret", 1}, WatermarkKey{kCarriersKey.secret, 2}}) {
    const std::vector<float> other_tile = Carriers(other).tile(some_bits());
    double product = 0, energy = 0;
    for (size_t i = 0; i < tile.size(); ++i) product += tile[i] * other_tile[i], energy += tile[i] * tile[i];
    EXPECT_LT(std::fabs(product) / energy, 0.15);
  }
}

TEST(Pilot, IsFoundAtItsOffsetInEveryOrientation) {
  const Carriers carriers(kCarriersKey);
  const Plane plane = repeated(carriers.tile(some_bits()), 256, 256, -37, -11);
  const auto peaks = pilot_peaks(FoldedSpectrum(plane, {}), carriers, kTile);
  EXPECT_EQ(peaks[0].down, 11);
  EXPECT_EQ(peaks[0].across, 37);
  EXPECT_GT(peaks[0].height, 10);
  for (size_t i = 1; i < peaks.size(); ++i) EXPECT_LT(peaks[i].height, 6) << i;

  // Rows and columns swapped: only orientation 4 sees it.
  Plane turned(256, 256);
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) turned.row(x)[y] = plane.row(y)[x];
  EXPECT_GT(pilot_peaks(FoldedSpectrum(turned, {}), carriers, kTile)[4].height, 10);
}

TEST(Pilot, IsFoundBetweenPixels) {
  const Carriers carriers(kCarriersKey);
  const FoldedSpectrum folded(repeated(carriers.tile(some_bits()), 256, 256, -37, -11), {});
  const PilotPeak near = pilot_peak_near(folded.matched(0), carriers, {0, 12.3, 35.9}, 2);
  EXPECT_NEAR(near.down, 11, 0.15);
  EXPECT_NEAR(near.across, 37, 0.15);
}

}  // namespace
}  // namespace limner
