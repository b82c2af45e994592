#include <algorithm>
#include <cmath>

#include "watermark/folded_spectrum.h"
#include "watermark/payload.h"
#include "watermark/pilot.h"
#include "watermark/read_in_place.h"
#include "watermark/watermark.h"

namespace limner {
namespace {

constexpr double kScaleMin = 0.4, kScaleMax = 2.5;
// Of a smaller piece too little is left of a tile.
constexpr int kReadSideMin = 64;
// Larger scales are searched in the picture at half its size, where the whitening filter sees what it was
// made for.
constexpr double kHalvingScale = 1.3;
constexpr int kSearchSide = 768, kReadSide = 2048;
// How far, in pixels of the tile, the tile may be out of place at the picture's edge.
constexpr double kSlip = 1.25;
constexpr size_t kRefinedMax = 5;
// A bound on the calls of decode_id for one picture, for which p-values are corrected.
constexpr int kAttempts = 2 * kOrientations + static_cast<int>(kRefinedMax);
constexpr float kStrongPilot = 6;

// The picture at full or half size, and the middle of it in which scales are searched.
struct Level {
  double pixel = 1;  // pixels of the picture a pixel here
  Plane whole, middle;
};

struct Candidate {
  int level = 0, orientation = 0;
  Scale scale;
  PilotPeak peak;
};

int side_of(const Plane& plane) { return std::max(plane.width, plane.height); }

Plane middle_of(const Plane& plane, int side) {
  const int width = std::min(plane.width, side), height = std::min(plane.height, side);
  return cropped(plane, (plane.width - width) / 2, (plane.height - height) / 2, width, height);
}

Level level_of(const Plane& luma, double pixel, int search_side) {
  Level level{pixel, whitened(luma), {}};
  level.middle = middle_of(level.whole, search_side);
  return level;
}

// The step of log scale at which the tile slips by kSlip at the edges when the scale lies between two steps.
double scale_step(const Plane& plane, double scale) { return 4 * kSlip * scale / side_of(plane); }

std::vector<double> scales_of(const Plane& plane, double first, double last) {
  std::vector<double> scales;
  for (double scale = first; scale < last; scale *= 1 + scale_step(plane, scale)) scales.push_back(scale);
  scales.push_back(last);
  return scales;
}

// The height that noise reaches `expected` times in `hypotheses` tries: Q^-1, by bisection.
float gate(double hypotheses, double expected) {
  double low = 0, high = 12;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (hypotheses * 0.5 * std::erfc(middle / std::sqrt(2.0)) > expected ? low : high) = middle;
  }
  return static_cast<float>(low);
}

std::optional<DecodedId> decoded(const FoldedSpectrum& folded, int orientation, const PilotPeak& near,
                                 const WatermarkKey& key, const Carriers& carriers) {
  const Spectrum matched = folded.matched(orientation);
  const PilotPeak peak = pilot_peak_near(matched, carriers, near, 1);
  const SoftValues soft = carriers.soft_values(without_offset(matched, peak));
  return decode_id(soft, key, carriers, kAttempts, peak.height >= kStrongPilot ? 3 : 2);
}

class Reader {
 public:
  Reader(const Picture& picture, const WatermarkKey& key) : key_(key), carriers_(key) {
    const Plane plane = middle_of(luma(picture), kReadSide);
    levels_.push_back(level_of(plane, 1, kSearchSide));
    const Plane half = halved(plane);
    if (std::min(half.width, half.height) >= kReadSideMin)
      levels_.push_back(level_of(half, 2, kSearchSide / 2));
  }

  std::optional<WatermarkReading> read() {
    if (std::optional<WatermarkReading> reading = read_unscaled()) return reading;
    return read_scaled();
  }

 private:
  // As it was marked, or cropped, turned and mirrored.
  std::optional<WatermarkReading> read_unscaled() {
    const FoldedSpectrum folded(levels_[0].whole, {});
    const auto peaks = pilot_peaks(folded, carriers_, kTile);
    const float lowest = gate(double{kOrientations} * kTile * kTile / 4, 0.5);
    for (int orientation = 0; orientation < kOrientations; ++orientation) {
      const PilotPeak& peak = peaks[static_cast<size_t>(orientation)];
      if (peak.height >= lowest)
        if (auto reading = decode({0, orientation, {}, peak}, folded)) return reading;
    }
    // Whole pictures have the tile in their middle, whether or not the pilot can be seen.
    for (int orientation = 0; orientation < kOrientations; ++orientation)
      if (auto reading = decode({0, orientation, {}, {}}, folded)) return reading;
    return std::nullopt;
  }

  std::optional<WatermarkReading> read_scaled() {
    std::vector<Candidate> candidates = search();
    for (size_t i = 0; i < std::min(candidates.size(), kRefinedMax); ++i) {
      Candidate candidate = refined(candidates[i], levels_[static_cast<size_t>(candidates[i].level)].middle);
      const Plane& whole = levels_[static_cast<size_t>(candidate.level)].whole;
      if (side_of(whole) > side_of(levels_[static_cast<size_t>(candidate.level)].middle))
        candidate = refined(candidate, whole);
      if (auto reading = decode(candidate, FoldedSpectrum(whole, candidate.scale))) return reading;
    }
    return std::nullopt;
  }

  // The highest peaks of the pilot over scales and orientations, highest first, neighbours left out.
  std::vector<Candidate> search() const {
    std::vector<Candidate> found;
    double hypotheses = 0;
    for (int level = 0; level < static_cast<int>(levels_.size()); ++level) {
      const Level& at = levels_[static_cast<size_t>(level)];
      const double first = level == 0 ? kScaleMin : kHalvingScale / at.pixel;
      const double last = level == 0 && levels_.size() > 1 ? kHalvingScale : kScaleMax / at.pixel;
      for (const double scale : scales_of(at.middle, first, last)) {
        const FoldedSpectrum folded(at.middle, {scale, scale});
        const auto peaks = pilot_peaks(folded, carriers_, kTile / 2);
        hypotheses += double{kOrientations} * kTile * kTile / 4;
        for (int orientation = 0; orientation < kOrientations; ++orientation)
          found.push_back({level, orientation, {scale, scale}, peaks[static_cast<size_t>(orientation)]});
      }
    }
    // Between steps a tile stands out less than it will when its scale is known better.
    const float lowest = gate(hypotheses, 1) - 0.2f;
    std::erase_if(found, [&](const Candidate& c) { return c.peak.height < lowest; });
    std::stable_sort(found.begin(), found.end(),
                     [](const Candidate& a, const Candidate& b) { return a.peak.height > b.peak.height; });
    return without_neighbours(found);
  }

  std::vector<Candidate> without_neighbours(const std::vector<Candidate>& sorted) const {
    std::vector<Candidate> kept;
    for (const Candidate& candidate : sorted) {
      const double step =
          scale_step(levels_[static_cast<size_t>(candidate.level)].middle, candidate.scale.down);
      const bool is_near = std::any_of(kept.begin(), kept.end(), [&](const Candidate& other) {
        return other.level == candidate.level && other.orientation == candidate.orientation &&
               std::fabs(std::log(other.scale.down / candidate.scale.down)) < 2.5 * step;
      });
      if (!is_near) kept.push_back(candidate);
    }
    return kept;
  }

  // Climbs to the scale, down and across apart, at which the pilot is highest.
  Candidate refined(Candidate best, const Plane& plane) const {
    const auto try_scale = [&](Scale scale) {
      const FoldedSpectrum folded(plane, scale);
      Candidate tried = best;
      tried.scale = scale;
      tried.peak = pilot_peak_near(folded.matched(best.orientation), carriers_, best.peak, 1);
      return tried;
    };
    best.peak = try_scale(best.scale).peak;
    const double coarsest = scale_step(levels_[static_cast<size_t>(best.level)].middle, best.scale.down);
    const double finest = scale_step(plane, best.scale.down) / 5;
    for (double step = coarsest / 2; step > finest; step /= 2)
      for (const auto& [down, across] : {std::pair{1, 1}, {-1, -1}, {1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
        const Candidate tried =
            try_scale({best.scale.down * (1 + step * down), best.scale.across * (1 + step * across)});
        if (tried.peak.height > best.peak.height) best = tried;
      }
    return best;
  }

  std::optional<WatermarkReading> decode(const Candidate& candidate, const FoldedSpectrum& folded) const {
    const std::optional<DecodedId> id =
        decoded(folded, candidate.orientation, candidate.peak, key_, carriers_);
    if (!id) return std::nullopt;
    WatermarkReading reading;
    reading.id = id->id;
    reading.id_bits = id->id_bits;
    reading.orientation = candidate.orientation;
    reading.scale = std::sqrt(candidate.scale.down * candidate.scale.across) *
                    levels_[static_cast<size_t>(candidate.level)].pixel;
    reading.p_value = id->p_value;
    return reading;
  }

  const WatermarkKey& key_;
  Carriers carriers_;
  std::vector<Level> levels_;
};

}  // namespace

std::optional<DecodedId> read_in_place(const Picture& picture, const WatermarkKey& key,
                                       const Carriers& carriers) {
  return decoded(FoldedSpectrum(whitened(middle_of(luma(picture), kReadSide)), {}), 0, {}, key, carriers);
}

std::optional<WatermarkReading> read_watermark(const Picture& picture, const WatermarkKey& key) {
  if (picture.empty() || std::min(picture.width, picture.height) < kReadSideMin * kScaleMin)
    return std::nullopt;
  return Reader(picture, key).read();
}

}  // namespace limner
