#include "similarity/multi_index.h"

#include <algorithm>

#include "base/check.h"

namespace limner {
namespace {

constexpr uint32_t kBuckets = 65536;

uint32_t slot_of(const PdqHash& hash, size_t slot) {
  return static_cast<uint32_t>(hash.words[slot / 4] >> (16 * (slot % 4)) & 0xffffu);
}

}  // namespace

MultiIndex::MultiIndex(std::span<const PdqHash> hashes) : hashes_(hashes) {
  LIMNER_CHECK(hashes.size() < UINT32_MAX, "hashes are numbered in 32 bits");
  for (size_t s = 0; s < kSlots; ++s) {
    Slot& slot = slots_[s];
    slot.starts.assign(kBuckets + 1, 0);
    for (const PdqHash& hash : hashes) ++slot.starts[slot_of(hash, s) + 1];
    for (uint32_t bucket = 0; bucket < kBuckets; ++bucket) slot.starts[bucket + 1] += slot.starts[bucket];
    slot.entries.resize(hashes.size());
    std::vector<uint32_t> next(slot.starts.begin(), slot.starts.end() - 1);
    for (size_t i = 0; i < hashes.size(); ++i)
      slot.entries[next[slot_of(hashes[i], s)]++] = static_cast<uint32_t>(i);
  }
}

std::vector<NearHash> MultiIndex::near(const PdqHash& query, int distance_max) const {
  LIMNER_CHECK(distance_max <= kDistanceMax, "16 slots promise no more than 31 bits");
  std::vector<NearHash> found;
  for (size_t s = 0; s < kSlots; ++s) {
    const uint32_t own = slot_of(query, s);
    for (int flip = -1; flip < 16; ++flip) {
      const uint32_t bucket = flip < 0 ? own : own ^ (1u << flip);
      const Slot& slot = slots_[s];
      for (uint32_t i = slot.starts[bucket]; i < slot.starts[bucket + 1]; ++i) {
        const int distance = hamming_distance(hashes_[slot.entries[i]], query);
        if (distance <= distance_max) found.push_back({slot.entries[i], distance});
      }
    }
  }
  // One that is near is usually so in many slots.
  std::sort(found.begin(), found.end(),
            [](const NearHash& a, const NearHash& b) { return a.index < b.index; });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace limner
