#pragma once
// How the threads of a worker are told to stop, wherever they wait.

#include <condition_variable>
#include <mutex>

namespace limner::drawing {

/// Thread-safe. Once stopped it stays so.
class StopSignal {
 public:
  void stop();
  bool stopped() const;
  /// False, at once, when stopped.
  bool sleep(double seconds);

 private:
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
};

}  // namespace limner::drawing
