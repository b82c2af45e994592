#pragma once
// Which of many hashes are near another: every one is looked at.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "similarity/pdq.h"

namespace limner {

/// A hash found near the one asked for.
struct NearHash {
  uint32_t index = 0;  ///< where it is in the list
  int distance = 0;

  bool operator==(const NearHash&) const = default;
};

/// All of `hashes` within `distance_max` bits of `query`, in their order. Exact. Uses AVX2 where there is.
std::vector<NearHash> scan_near(std::span<const PdqHash> hashes, const PdqHash& query, int distance_max);

/// The same in plain C++ only: what the other is tested against.
std::vector<NearHash> scan_near_portable(std::span<const PdqHash> hashes, const PdqHash& query,
                                         int distance_max);

/// Internal: appends what is near. Only to be called where the processor has AVX2.
void scan_near_avx2(std::span<const PdqHash> hashes, const PdqHash& query, int distance_max,
                    std::vector<NearHash>& found);

}  // namespace limner
