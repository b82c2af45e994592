#include "jobs/drawing/work_threads.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace limner::drawing {
namespace {

TEST(WorkThreads, DropWhatWaitsWhenTheyStop) {
  std::promise<void> begun, go_on;
  int done = 0;
  WorkThreads threads(1);
  threads.post([&] {
    begun.set_value();
    go_on.get_future().wait();
    ++done;
  });
  threads.post([&] { done += 100; });
  begun.get_future().wait();
  std::thread stopping([&] { threads.stop(); });
  while (threads.try_post([&] { done += 1000; }, 1'000'000)) std::this_thread::yield();
  go_on.set_value();
  stopping.join();
  threads.post([&] { done += 1000; });
  EXPECT_EQ(done, 1);
}

TEST(WorkThreads, RefuseWhatMayBeDroppedWhenTheyAreBehind) {
  std::promise<void> begun, go_on;
  WorkThreads threads(1);
  threads.post([&] {
    begun.set_value();
    go_on.get_future().wait();
  });
  begun.get_future().wait();
  EXPECT_TRUE(threads.try_post([] {}, 1));
  EXPECT_FALSE(threads.try_post([] {}, 1));
  go_on.set_value();
}

}  // namespace
}  // namespace limner::drawing
