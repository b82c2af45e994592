#include "jobs/drawing/engine_inbox.h"

#include <chrono>

namespace limner::drawing {

void EngineInbox::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void EngineInbox::let_go(const ActiveJobRef& job) {
  {
    const std::lock_guard lock(mutex_);
    messages_.gone.push_back(job);
  }
  wake();
}

std::future<std::vector<SavedPicture>> EngineInbox::put_away() {
  std::future<std::vector<SavedPicture>> saved;
  {
    const std::lock_guard lock(mutex_);
    saved = messages_.put_away.emplace().get_future();
  }
  wake();
  return saved;
}

EngineInbox::Messages EngineInbox::take() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  return std::exchange(messages_, {});
}

void EngineInbox::wait(int64_t patience_us) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::microseconds(patience_us), [this] { return woken_; });
}

}  // namespace limner::drawing
