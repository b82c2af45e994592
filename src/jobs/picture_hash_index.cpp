#include "jobs/picture_hash_index.h"

#include <algorithm>
#include <map>

namespace limner {
namespace {

constexpr int kPage = 10'000;

}  // namespace

Result<std::vector<NearPicture>> PictureHashIndex::near(const PdqHashes& hashes, size_t limit) {
  std::vector<Found> found;
  {
    const std::lock_guard lock(mutex_);
    TRY(read_new());
    found = scan(hashes);
  }
  std::ranges::stable_sort(found, {}, &Found::distance);
  found.resize(std::min(found.size(), limit));
  std::vector<NearPicture> pictures;
  for (const Found& one : found)
    pictures.push_back({TRY(ledger_.pictures().hashed_as(one.number)), one.distance});
  return pictures;
}

Result<void> PictureHashIndex::read_new() {
  for (;;) {
    const std::vector<StoredHash> page = TRY(ledger_.pictures().hashes_after(last_, kPdqQualityMin, kPage));
    for (const StoredHash& hash : page) {
      hashes_.push_back(TRY(pdq_from_text(hash.pdq, "pdq")));
      numbers_.push_back(hash.number);
      last_ = hash.number;
    }
    if (hashes_.size() > hashes_max_) {
      const auto beyond = static_cast<std::ptrdiff_t>(hashes_.size() - hashes_max_);
      hashes_.erase(hashes_.begin(), hashes_.begin() + beyond);
      numbers_.erase(numbers_.begin(), numbers_.begin() + beyond);
    }
    if (page.size() < kPage) return {};
  }
}

// Each picture once, in its nearest orientation, the newest first.
std::vector<PictureHashIndex::Found> PictureHashIndex::scan(const PdqHashes& hashes) const {
  std::map<int64_t, int> nearest;
  for (const PdqHash& query : hashes.orientations)
    for (const NearHash& near : scan_near(hashes_, query, kPdqMatch)) {
      const auto [at, is_new] = nearest.emplace(numbers_[near.index], near.distance);
      if (!is_new) at->second = std::min(at->second, near.distance);
    }
  std::vector<Found> found;
  for (auto at = nearest.rbegin(); at != nearest.rend(); ++at) found.push_back({at->first, at->second});
  return found;
}

}  // namespace limner
