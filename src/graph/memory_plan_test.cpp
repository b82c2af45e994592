#include "graph/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace limner {
namespace {

/// Bytes alive at the fullest step: no plan can be smaller.
size_t lower_bound(const std::vector<Lifetime>& buffers, int32_t steps) {
  size_t most = 0;
  for (int32_t step = 0; step < steps; ++step) {
    size_t alive = 0;
    for (const Lifetime& buffer : buffers) {
      if (buffer.first <= step && step <= buffer.last) alive += (buffer.bytes + 63) / 64 * 64;
    }
    most = std::max(most, alive);
  }
  return most;
}

TEST(MemoryPlan, NoTwoLiveBuffersOverlap) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const auto steps = static_cast<int32_t>(1 + random() % 40);
    std::vector<Lifetime> buffers(random() % 60);
    for (Lifetime& buffer : buffers) {
      buffer.bytes = random() % 5000;
      buffer.first = static_cast<int32_t>(random() % static_cast<uint32_t>(steps));
      buffer.last = std::min(steps - 1, buffer.first + static_cast<int32_t>(random() % 8));
    }
    const MemoryPlan plan = plan_memory(buffers);
    ASSERT_EQ(plan.offsets.size(), buffers.size());
    EXPECT_GE(plan.bytes, lower_bound(buffers, steps));
    for (size_t i = 0; i < buffers.size(); ++i) {
      EXPECT_EQ(plan.offsets[i] % MemoryPlan::kAlignment, 0u);
      EXPECT_LE(plan.offsets[i] + buffers[i].bytes, plan.bytes);
      for (size_t j = 0; j < i; ++j) {
        const bool apart = plan.offsets[i] + buffers[i].bytes <= plan.offsets[j] ||
                           plan.offsets[j] + buffers[j].bytes <= plan.offsets[i];
        EXPECT_TRUE(apart || !buffers[i].overlaps(buffers[j]))
            << "buffers " << j << " and " << i << ", round " << round;
      }
    }
  }
}

TEST(MemoryPlan, AChainNeedsTwoNeighbours) {
  std::vector<Lifetime> chain;
  for (int32_t step = 0; step < 10; ++step) chain.push_back({1024, step, step + 1});
  EXPECT_EQ(plan_memory(chain).bytes, 2048u);
}

TEST(MemoryPlan, NothingNeedsNothing) { EXPECT_EQ(plan_memory({}).bytes, 0u); }

}  // namespace
}  // namespace limner
