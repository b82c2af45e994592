#pragma once
// What others have to say to the engine's thread.

#include <condition_variable>
#include <cstdint>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jobs/drawing/active_job.h"

namespace limner::drawing {

/// A picture put away in the middle of its drawing.
struct SavedPicture {
  ActiveJobRef job;
  int picture = 0;
  std::string state;
};

/// Thread-safe. Every message wakes the engine's thread if it waits.
class EngineInbox {
 public:
  /// Something changed that decisions depend on.
  void wake();
  /// Somebody ended this job: its drawings are to be closed.
  void let_go(const ActiveJobRef& job);
  /// Everything is to be saved and closed, and nothing drawn any more.
  std::future<std::vector<SavedPicture>> put_away();

  struct Messages {
    std::vector<ActiveJobRef> gone;
    std::optional<std::promise<std::vector<SavedPicture>>> put_away;
  };
  Messages take();
  /// Until somebody wakes it, has done so since the last take(), or `patience_us` have passed.
  void wait(int64_t patience_us);

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  Messages messages_;
};

}  // namespace limner::drawing
