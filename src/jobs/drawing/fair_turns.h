#pragma once
// Whose turn it is where jobs of many tenants wait for one thread.

#include <algorithm>
#include <map>
#include <string>

namespace limner::drawing {

/// Start-time fair queueing (Goyal, Vin, Cheng 1996) over turns of equal cost: who has had more turns than
/// its weight gives waits for the others, and who comes anew has no claim on turns that it did not want. Not
/// thread-safe.
class FairTurns {
 public:
  /// When the tenant's next turn would begin; the smallest is next.
  double start(const std::string& tenant) const {
    const auto known = finished_.find(tenant);
    return known == finished_.end() ? now_ : std::max(now_, known->second);
  }
  void take(const std::string& tenant, double weight) {
    now_ = start(tenant);
    finished_[tenant] = now_ + 1 / std::max(weight, kWeightMin);
    if (finished_.size() > kTenantsMax)
      std::erase_if(finished_, [this](const auto& entry) { return entry.second <= now_; });
  }

 private:
  static constexpr double kWeightMin = 1e-3;
  static constexpr size_t kTenantsMax = 1024;

  std::map<std::string, double> finished_;  ///< the end of each tenant's last turn
  double now_ = 0;                          ///< the start of the last turn of all
};

}  // namespace limner::drawing
