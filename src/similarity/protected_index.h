#pragma once
// Is this picture a copy of a protected one?

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "similarity/hamming_scan.h"
#include "similarity/multi_index.h"
#include "similarity/pdq.h"
#include "similarity/protected_file.h"

namespace limner {

/// What the nearest protected picture means for the one asked about.
enum class CopyVerdict : uint8_t {
  none,       ///< nothing within 31 bits
  review,     ///< within 11 to 31 bits: of one origin, perhaps; a person should look
  copy,       ///< within 10 bits: a copy
  unchecked,  ///< too flat for the hash to say anything; never to be taken for none
};

/// "none", "review", "copy" or "unchecked".
const char* copy_verdict_name(CopyVerdict verdict);

/// A protected picture near the one asked about.
struct CopyMatch {
  uint32_t index = 0;   ///< of the picture in the index
  int distance = 0;     ///< bits
  int orientation = 0;  ///< of the picture asked about; see PdqHashes
};

/// The answer, nearest first.
struct CopyReport {
  CopyVerdict verdict = CopyVerdict::unchecked;
  int quality = 0;
  std::vector<CopyMatch> matches;  ///< each protected picture once, in its nearest orientation
};

/// Protected pictures in memory: scanned one by one up to a million, found by multi-index hashing beyond.
/// Immutable, so safe from any thread; a server makes a new one when its file has grown.
class ProtectedIndex {
 public:
  explicit ProtectedIndex(std::vector<ProtectedPicture> pictures, size_t scanned_max = 1'000'000);

  size_t size() const { return pictures_.size(); }
  const ProtectedPicture& picture(uint32_t index) const { return pictures_[index]; }

  /// All within `distance_max` (at most 31) bits of `query`, in the order of the index. Exact.
  std::vector<NearHash> near(const PdqHash& query, int distance_max) const;

  /// Looks for all 8 orientations of a picture. Exact.
  CopyReport check(const PdqHashes& hashes) const;

 private:
  std::vector<ProtectedPicture> pictures_;
  std::vector<PdqHash> hashes_;
  std::unique_ptr<const MultiIndex> multi_index_;
};

}  // namespace limner
