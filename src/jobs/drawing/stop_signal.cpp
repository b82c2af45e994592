#include "jobs/drawing/stop_signal.h"

#include <chrono>

namespace limner::drawing {

void StopSignal::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
}

bool StopSignal::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

bool StopSignal::sleep(double seconds) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return stopped_; });
}

}  // namespace limner::drawing
