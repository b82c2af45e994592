#include "similarity/hamming_scan.h"

namespace limner {

std::vector<NearHash> scan_near_portable(std::span<const PdqHash> hashes, const PdqHash& query,
                                         int distance_max) {
  std::vector<NearHash> found;
  for (size_t i = 0; i < hashes.size(); ++i) {
    const int distance = hamming_distance(hashes[i], query);
    if (distance <= distance_max) found.push_back({static_cast<uint32_t>(i), distance});
  }
  return found;
}

std::vector<NearHash> scan_near(std::span<const PdqHash> hashes, const PdqHash& query, int distance_max) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    std::vector<NearHash> found;
    scan_near_avx2(hashes, query, distance_max, found);
    return found;
  }
#endif
  return scan_near_portable(hashes, query, distance_max);
}

}  // namespace limner
