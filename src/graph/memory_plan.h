#pragma once
// Which bytes of one arena each buffer of a program may use: buffers that are never alive together share.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace limner {

/// A buffer is alive from step `first` to step `last`, both included.
struct Lifetime {
  size_t bytes = 0;
  int32_t first = 0, last = 0;

  bool overlaps(const Lifetime& other) const { return first <= other.last && other.first <= last; }
};

struct MemoryPlan {
  static constexpr size_t kAlignment = 64;  ///< a cache line, and the widest vector
  std::vector<size_t> offsets;              ///< one a buffer, in the order given; multiples of kAlignment
  size_t bytes = 0;                         ///< of the whole arena
};

/// Largest first, each at the lowest offset that is free for its whole life. Greedy by size comes within a
/// few per cent of the lower bound on networks: Pisarchyk & Lee 2020 (arXiv:2001.03288).
MemoryPlan plan_memory(std::span<const Lifetime> buffers);

}  // namespace limner
