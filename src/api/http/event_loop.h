#pragma once
// One thread's waiting for sockets, timers and posted work.

#include <functional>
#include <memory>

namespace limner {

/// Runs everything given to it on the one thread that called run(). What is posted after the end is never
/// run, but dropped with the loop.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  /// From any thread.
  void post(std::function<void()> task);
  /// Calls `tick` again and again, on the loop's thread, until the end. To be called before run().
  void every(double seconds, std::function<void()> tick);
  /// Returns after stop().
  void run();
  void stop();

  struct Native;  ///< event_loop_native.h: for sockets that live on this loop
  Native& native() { return *native_; }

 private:
  std::unique_ptr<Native> native_;
};

}  // namespace limner
