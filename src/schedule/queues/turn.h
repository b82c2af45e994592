#pragma once
// One decision: whose turn it is, and who steps along. Only schedule/ includes this.

#include <vector>

#include "schedule/queues/queues.h"

namespace limner {

/// Books `seconds` of a tenant's entry for the balance between its late entries and those in time.
void charge_lanes(TenantQueue& tenant, bool late, double seconds);

/// Made for one decide(). Brings virtual times and lateness up to `now`, which is all that it changes.
class Turn {
 public:
  Turn(SchedulerState& state, TimeUs now) : state_(state), now_(now) {}
  StepDecision decide();

 private:
  /// The most urgent entry that can be stepped, of a tenant or a tier. `blocked`: a more urgent one needs to
  /// be opened, and there is no place.
  struct Pick {
    Queued* entry = nullptr;
    bool blocked = false;
    bool wants() const { return entry != nullptr || blocked; }
  };

  Queued* lead();
  void order_tiers();
  Pick pick(TierQueue& tier);
  Pick pick(TenantQueue& tenant);
  Queued* nearest_to_end(const TierQueue* tier) const;

  void fill(Queued& leader);
  bool fill_from(TierQueue& tier, Queued& leader);
  std::vector<Queued*> company_of(TenantQueue& tenant, const Queued& leader);
  bool may_join(const Queued& leader, const Queued& other) const;
  void take(Queued& queued);

  bool is_late(const DrawingEntry& entry, TimeUs due) const;
  bool settle(ClassLine& line) const;
  bool steppable(const Queued& open) const;
  bool has_place(TierNumber tier) const;

  SchedulerState& state_;
  TimeUs now_;
  std::vector<std::pair<TierQueue*, Pick>> tiers_;  ///< that want the engine, in order of their turns
  std::vector<Queued*> step_;
  int rows_ = 0;
  int opening_[kTierCount] = {};  ///< places that step_ takes
};

}  // namespace limner
