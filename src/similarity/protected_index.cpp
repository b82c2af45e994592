#include "similarity/protected_index.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace limner {

const char* copy_verdict_name(CopyVerdict verdict) {
  switch (verdict) {
    case CopyVerdict::none:
      return "none";
    case CopyVerdict::review:
      return "review";
    case CopyVerdict::copy:
      return "copy";
    case CopyVerdict::unchecked:
      return "unchecked";
  }
  return "unchecked";
}

ProtectedIndex::ProtectedIndex(std::vector<ProtectedPicture> pictures, size_t scanned_max)
    : pictures_(std::move(pictures)) {
  hashes_.reserve(pictures_.size());
  for (const ProtectedPicture& picture : pictures_) hashes_.push_back(picture.hash);
  if (hashes_.size() > scanned_max) multi_index_ = std::make_unique<const MultiIndex>(hashes_);
}

std::vector<NearHash> ProtectedIndex::near(const PdqHash& query, int distance_max) const {
  LIMNER_CHECK(distance_max <= kPdqMatch, "distances up to 31 are asked for");
  return multi_index_ ? multi_index_->near(query, distance_max) : scan_near(hashes_, query, distance_max);
}

CopyReport ProtectedIndex::check(const PdqHashes& hashes) const {
  CopyReport report;
  report.quality = hashes.quality;
  if (hashes.quality < kPdqQualityMin) return report;
  for (size_t i = 0; i < hashes.orientations.size(); ++i)
    for (const NearHash& found : near(hashes.orientations[i], kPdqMatch))
      report.matches.push_back({found.index, found.distance, static_cast<int>(i)});
  // Of each picture its nearest orientation, then the nearest picture first.
  std::sort(report.matches.begin(), report.matches.end(), [](const CopyMatch& a, const CopyMatch& b) {
    return std::tie(a.index, a.distance, a.orientation) < std::tie(b.index, b.distance, b.orientation);
  });
  const auto same = [](const CopyMatch& a, const CopyMatch& b) { return a.index == b.index; };
  report.matches.erase(std::unique(report.matches.begin(), report.matches.end(), same), report.matches.end());
  std::stable_sort(report.matches.begin(), report.matches.end(),
                   [](const CopyMatch& a, const CopyMatch& b) { return a.distance < b.distance; });
  if (report.matches.empty())
    report.verdict = CopyVerdict::none;
  else
    report.verdict = report.matches.front().distance <= kPdqCopy ? CopyVerdict::copy : CopyVerdict::review;
  return report;
}

}  // namespace limner
