#pragma once
// Which of very many hashes are near another, without looking at every one.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "similarity/hamming_scan.h"

namespace limner {

/// Multi-index hashing (Norouzi, Punjani, Fleet 2014, "Fast exact search in Hamming space with multi-index
/// hashing"): a hash is 16 slots of 16 bits; hashes within 31 bits of each other are within 1 bit of each
/// other in some slot, so 17 buckets a slot hold every hash that may be near. Exact up to a distance of 31.
/// 68 bytes a hash besides the hashes themselves, which must outlive it and stay as they are.
class MultiIndex {
 public:
  static constexpr int kDistanceMax = 31;

  explicit MultiIndex(std::span<const PdqHash> hashes);

  /// As scan_near(). A larger `distance_max` than kDistanceMax is a CHECK.
  std::vector<NearHash> near(const PdqHash& query, int distance_max) const;

 private:
  static constexpr size_t kSlots = 16;
  struct Slot {
    std::vector<uint32_t> starts;   // of each of 65536 buckets, and the end
    std::vector<uint32_t> entries;  // hash numbers, bucket after bucket
  };

  std::span<const PdqHash> hashes_;
  std::array<Slot, kSlots> slots_;
};

}  // namespace limner
