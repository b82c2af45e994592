#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace limner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(BoundedQueue, KeepsOrderAndRefusesWhenFull) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_TRUE(queue.try_push(2));
  EXPECT_FALSE(queue.try_push(3));
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
  EXPECT_EQ(queue.pop_for(milliseconds(1)), std::nullopt);
}

TEST(BoundedQueue, AClosedQueueStillGivesWhatItHolds) {
  BoundedQueue<std::unique_ptr<int>> queue(2);
  EXPECT_TRUE(queue.push(std::make_unique<int>(7)));
  queue.close();
  EXPECT_TRUE(queue.closed());
  EXPECT_FALSE(queue.push(std::make_unique<int>(8)));
  EXPECT_FALSE(queue.try_push(std::make_unique<int>(8)));
  EXPECT_EQ(*queue.pop().value(), 7);
  EXPECT_FALSE(queue.pop().has_value());
  EXPECT_FALSE(queue.pop_for(seconds(60)).has_value());
}

TEST(BoundedQueue, ClosingWakesConsumersAndProducers) {
  BoundedQueue<int> empty(1);
  BoundedQueue<int> full(1);
  ASSERT_TRUE(full.try_push(1));
  std::atomic<int> woken = 0;
  std::jthread consumer([&] { woken += !empty.pop().has_value(); });
  std::jthread producer([&] { woken += !full.push(2); });
  empty.close();
  full.close();
  consumer.join();
  producer.join();
  EXPECT_EQ(woken, 2);
}

TEST(BoundedQueue, EveryItemArrivesOnceThroughANarrowQueue) {
  constexpr int kProducers = 3, kEach = 2000;
  BoundedQueue<int> queue(4);
  std::atomic<int> seen[kProducers * kEach] = {};
  std::vector<std::jthread> consumers;
  for (int i = 0; i < 3; ++i)
    consumers.emplace_back([&] {
      while (const std::optional<int> item = queue.pop()) ++seen[*item];
    });
  {
    std::vector<std::jthread> producers;
    for (int p = 0; p < kProducers; ++p)
      producers.emplace_back([&queue, p] {
        for (int i = 0; i < kEach; ++i) queue.push(p * kEach + i);
      });
  }
  queue.close();
  consumers.clear();
  for (const std::atomic<int>& count : seen) ASSERT_EQ(count, 1);
}

}  // namespace
}  // namespace limner
