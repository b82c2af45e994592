#include "watermark/pilot.h"

#include <cmath>
#include <numbers>

#include "watermark/fourier.h"

namespace limner {
namespace {

// matched * conj(pilot), written out: the operator of std::complex looks for infinities.
Spectrum times_pilot(const Spectrum& matched, const Carriers& carriers, double& energy) {
  Spectrum product(kBins);
  float sum = 0;
  for (size_t i = 0; i < kBins; ++i) {
    const float are = matched[i].real(), aim = matched[i].imag();
    const float bre = carriers.pilot()[i].real(), bim = carriers.pilot()[i].imag();
    const float re = are * bre + aim * bim, im = aim * bre - are * bim;
    product[i] = {re, im};
    sum += re * re + im * im;
  }
  energy = sum;
  return product;
}

// Where a bin and its mirror image lie in a grid of 64 or 128 rows and lanes.
struct Places {
  std::array<uint32_t, kBins> own, mirrored;

  explicit Places(int side) {
    const auto place = [side](int down, int across) {
      return static_cast<uint32_t>((down + side) % side * side + (across + side) % side);
    };
    for (size_t i = 0; i < kBins; ++i) {
      const Frequency f = band()[i];
      own[i] = place(f.down, f.across);
      mirrored[i] = place(-f.down, -f.across);
    }
  }
};

const Places& places_in(int side) {
  static const Places half(kTile / 2), full(kTile);
  return side == kTile ? full : half;
}

// The correlation is real, so two of them are the real and the imaginary part of one transform.
void put_pair(ComplexGrid& grid, const Spectrum& a, const Spectrum& b) {
  const Places& places = places_in(grid.rows);
  for (size_t i = 0; i < kBins; ++i) {
    const size_t own = places.own[i], mirrored = places.mirrored[i];
    grid.re[own] = a[i].real() - b[i].imag();
    grid.im[own] = a[i].imag() + b[i].real();
    grid.re[mirrored] = a[i].real() + b[i].imag();
    grid.im[mirrored] = b[i].real() - a[i].imag();
  }
}

PilotPeak highest(const std::vector<float>& values, int side, double energy) {
  // In blocks, so that the first pass is a vector loop and only one block is looked at closely.
  constexpr size_t kBlock = 64;
  float best = -1;
  size_t best_block = 0;
  for (size_t block = 0; block < values.size(); block += kBlock) {
    float block_best = values[block];
    for (size_t i = 1; i < kBlock; ++i)
      block_best = values[block + i] > block_best ? values[block + i] : block_best;
    if (block_best > best) best = block_best, best_block = block;
  }
  size_t at = best_block;
  while (at + 1 < best_block + kBlock && values[at] != best) ++at;
  PilotPeak peak;
  peak.height = energy > 0 ? static_cast<float>(best / std::sqrt(2 * energy)) : 0.0f;
  // The grid is transposed: its rows run across.
  const double pixel = static_cast<double>(kTile) / side;
  peak.across = static_cast<double>(at / static_cast<size_t>(side)) * pixel;
  peak.down = static_cast<double>(at % static_cast<size_t>(side)) * pixel;
  return peak;
}

// exp(2 pi i f position / tile) for f from -kBandMax to kBandMax.
std::array<std::complex<float>, 2 * kBandMax + 1> phases(double position) {
  std::array<std::complex<float>, 2 * kBandMax + 1> out;
  for (int f = -kBandMax; f <= kBandMax; ++f) {
    const double angle = 2 * std::numbers::pi * f * position / kTile;
    out[static_cast<size_t>(f + kBandMax)] = {static_cast<float>(std::cos(angle)),
                                              static_cast<float>(std::sin(angle))};
  }
  return out;
}

float correlation_at(const Spectrum& product, double down, double across) {
  const auto down_phases = phases(down), across_phases = phases(across);
  float sum = 0;
  for (size_t i = 0; i < kBins; ++i) {
    const Frequency f = band()[i];
    const std::complex<float> a = down_phases[static_cast<size_t>(f.down + kBandMax)];
    const std::complex<float> b = across_phases[static_cast<size_t>(f.across + kBandMax)];
    const float re = a.real() * b.real() - a.imag() * b.imag(),
                im = a.real() * b.imag() + a.imag() * b.real();
    sum += product[i].real() * re - product[i].imag() * im;
  }
  return 2 * sum;
}

}  // namespace

std::array<PilotPeak, kOrientations> pilot_peaks(const FoldedSpectrum& folded, const Carriers& carriers,
                                                 int grid) {
  std::array<PilotPeak, kOrientations> peaks;
  ComplexGrid down(grid, grid), across(grid, grid);
  for (int orientation = 0; orientation < kOrientations; orientation += 2) {
    double first_energy = 0, second_energy = 0;
    const Spectrum first = times_pilot(folded.matched(orientation), carriers, first_energy);
    const Spectrum second = times_pilot(folded.matched(orientation + 1), carriers, second_energy);
    std::fill(down.re.begin(), down.re.end(), 0.0f);
    std::fill(down.im.begin(), down.im.end(), 0.0f);
    put_pair(down, first, second);
    transform_rows(down, true);
    transpose(down, across);
    transform_rows(across, true);
    peaks[static_cast<size_t>(orientation)] = highest(across.re, grid, first_energy);
    peaks[static_cast<size_t>(orientation + 1)] = highest(across.im, grid, second_energy);
  }
  return peaks;
}

PilotPeak pilot_peak_near(const Spectrum& matched, const Carriers& carriers, const PilotPeak& start,
                          double reach) {
  double energy = 0;
  const Spectrum product = times_pilot(matched, carriers, energy);
  PilotPeak best = start;
  if (energy <= 0) return best;
  float best_value = correlation_at(product, best.down, best.across);
  for (double step = reach / 2; step > 0.1; step /= 2)
    for (bool moved = true; moved;) {
      moved = false;
      for (const auto& [down, across] : {std::pair{step, 0.0}, {-step, 0.0}, {0.0, step}, {0.0, -step}}) {
        if (std::fabs(best.down + down - start.down) > reach ||
            std::fabs(best.across + across - start.across) > reach)
          continue;
        const float value = correlation_at(product, best.down + down, best.across + across);
        if (value <= best_value) continue;
        best_value = value;
        best.down += down;
        best.across += across;
        moved = true;
      }
    }
  best.height = static_cast<float>(best_value / std::sqrt(2 * energy));
  return best;
}

Spectrum without_offset(const Spectrum& spectrum, const PilotPeak& peak) {
  const auto down_phases = phases(peak.down), across_phases = phases(peak.across);
  Spectrum out(kBins);
  for (size_t i = 0; i < kBins; ++i) {
    const Frequency f = band()[i];
    out[i] = spectrum[i] * down_phases[static_cast<size_t>(f.down + kBandMax)] *
             across_phases[static_cast<size_t>(f.across + kBandMax)];
  }
  return out;
}

}  // namespace limner
