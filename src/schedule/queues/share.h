#pragma once
// One who shares the engine with others.

#include <algorithm>

namespace limner {

/// Start-time fair queueing (Goyal, Vin and Cheng 1996): whoever has the least virtual time is served next,
/// and each one's virtual time advances by service / weight. Who was away comes back at the virtual time of
/// those who stayed: nothing is saved up.
struct Share {
  double weight = 1;
  double time = 0;   ///< engine seconds had / weight
  bool away = true;  ///< wanted nothing when last looked at

  void charge(double seconds) { time += seconds / weight; }
  void come_back(double others_time) {
    if (away) time = std::max(time, others_time);
    away = false;
  }
};

}  // namespace limner
