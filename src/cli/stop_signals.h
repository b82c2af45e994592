#pragma once
// SIGTERM and SIGINT for a program that ends in order.

namespace limner {

/// Blocks both in this thread and all that it makes from now on, and waits for one of them.
class StopSignals {
 public:
  StopSignals();
  /// Returns when one has come. A second one ends the program at once, as if nobody had asked for order.
  void wait();
};

}  // namespace limner
