#include "jobs/drawing/engine_use.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace limner::drawing {
namespace {

constexpr double kLong = 120;
const std::function<bool()> kNever = [] { return false; };

TEST(EngineUse, OnlyWhatIsLessUrgentWaits) {
  EngineUse use;
  use.wait_behind(2, kLong, kNever);
  use.set(1);
  use.wait_behind(1, kLong, kNever);
  use.wait_behind(0, kLong, kNever);
}

TEST(EngineUse, WaitsUntilTheEngineIsFree) {
  EngineUse use;
  use.set(0);
  std::atomic<bool> freed = false;
  std::jthread engine([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    use.set(1);  // still more urgent
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    freed = true;
    use.set(EngineUse::kIdle);
  });
  use.wait_behind(2, kLong, kNever);
  EXPECT_TRUE(freed);
}

TEST(EngineUse, WaitsNoLongerThanItMay) {
  EngineUse use;
  use.set(0);
  const auto started = std::chrono::steady_clock::now();
  use.wait_behind(1, 0.1, kNever);
  EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(100));
  use.wait_behind(1, kLong, [] { return true; });
}

}  // namespace
}  // namespace limner::drawing
