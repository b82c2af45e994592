#pragma once
// Which drawn pictures look like a given one.

#include <cstdint>
#include <mutex>
#include <vector>

#include "ledger/ledger.h"
#include "similarity/hamming_scan.h"
#include "similarity/pdq.h"

namespace limner {

/// A drawn picture near the one asked about.
struct NearPicture {
  PictureRow picture;
  int distance = 0;  ///< bits, 0 to kPdqMatch
};

/// The hashes of the ledger's pictures in memory (40 bytes each), read when first asked and from then on as
/// they come. Beyond `hashes_max` the oldest are left out: they are found by their watermark or manifest
/// only. Thread-safe.
class PictureHashIndex {
 public:
  explicit PictureHashIndex(Ledger& ledger, size_t hashes_max = 4'000'000)
      : ledger_(ledger), hashes_max_(hashes_max) {}

  /// The `limit` nearest within kPdqMatch bits of any orientation, nearest first, deleted ones among them.
  /// Exact. Pictures flatter than kPdqQualityMin are not found.
  Result<std::vector<NearPicture>> near(const PdqHashes& hashes, size_t limit);

 private:
  struct Found {
    int64_t number = 0;
    int distance = 0;
  };
  Result<void> read_new();
  std::vector<Found> scan(const PdqHashes& hashes) const;

  Ledger& ledger_;
  const size_t hashes_max_;
  std::mutex mutex_;
  int64_t last_ = 0;
  std::vector<PdqHash> hashes_;
  std::vector<int64_t> numbers_;
};

}  // namespace limner
