#pragma once
// One job's lease, as the threads that work on it see it.

#include <condition_variable>
#include <mutex>

namespace limner::drawing {

/// none -> asked -> held or lost. Thread-safe.
class Lease {
 public:
  enum class State { none, asked, held, lost };

  /// none -> asked: true for the one who is to ask the ledger.
  bool ask();
  void answer(bool held);
  /// Nobody will answer any more: whoever waits goes on as if it were lost.
  void give_up();
  State state() const;
  /// The same, but waits while it is asked.
  State settled() const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable answered_;
  State state_ = State::none;
};

}  // namespace limner::drawing
