#pragma once
// What a worker does from time to time.

#include <functional>
#include <thread>
#include <vector>

#include "jobs/drawing/stop_signal.h"

namespace limner::drawing {

struct Duty {
  double every_seconds = 1;
  std::function<void()> run;
};

/// One thread; each duty at its time, one after the other.
class Upkeep {
 public:
  Upkeep(StopSignal& stop, std::vector<Duty> duties);
  ~Upkeep();
  void start();
  /// After `stop` was told.
  void join();

 private:
  void run();
  StopSignal& stop_;
  std::vector<Duty> duties_;
  std::thread thread_;
};

}  // namespace limner::drawing
