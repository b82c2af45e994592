#include "graph/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace limner {
namespace {

size_t aligned(size_t bytes) {
  return (bytes + MemoryPlan::kAlignment - 1) / MemoryPlan::kAlignment * MemoryPlan::kAlignment;
}

/// Buffers that have their place, by offset.
class Placed {
 public:
  explicit Placed(std::span<const Lifetime> buffers) : buffers_(buffers) {}

  /// The lowest offset where `buffer` meets nobody it lives together with; takes it.
  size_t place(size_t buffer) {
    const size_t bytes = aligned(buffers_[buffer].bytes);
    size_t offset = 0;
    for (const Spot& spot : by_offset_) {
      if (!buffers_[spot.buffer].overlaps(buffers_[buffer])) continue;
      if (offset + bytes <= spot.offset) break;
      offset = std::max(offset, spot.offset + aligned(buffers_[spot.buffer].bytes));
    }
    const auto after = [](const Spot& a, const Spot& b) { return a.offset < b.offset; };
    const Spot spot{offset, buffer};
    by_offset_.insert(std::upper_bound(by_offset_.begin(), by_offset_.end(), spot, after), spot);
    return offset;
  }

 private:
  struct Spot {
    size_t offset, buffer;
  };
  std::span<const Lifetime> buffers_;
  std::vector<Spot> by_offset_;
};

}  // namespace

MemoryPlan plan_memory(std::span<const Lifetime> buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  MemoryPlan plan;
  plan.offsets.resize(buffers.size());
  Placed placed(buffers);
  for (const size_t buffer : order) {
    plan.offsets[buffer] = placed.place(buffer);
    plan.bytes = std::max(plan.bytes, plan.offsets[buffer] + aligned(buffers[buffer].bytes));
  }
  return plan;
}

}  // namespace limner
