#include <algorithm>

#include "schedule/queues/queues.h"

namespace limner {

namespace {

double tier_work(const SchedulerState& state, const TierQueue& tier) {
  double seconds = 0;
  for (const auto& [name, tenant] : tier.tenants) seconds += state.work_seconds(tenant);
  return seconds;
}

/// What another tier gets of the engine while `tier` gets `seconds`, though it wants no more than `wanted`.
double beside(const TierQueue& tier, const TierQueue& other, double seconds, double wanted, double leeway) {
  const double ratio = other.share.weight / tier.share.weight;
  if (tier.number == 0) return std::min(wanted, std::max(0.0, seconds - leeway) * ratio);
  if (other.number == 0) return std::min(wanted, leeway + seconds * ratio);
  return std::min(wanted, seconds * ratio);
}

}  // namespace

/// The queues as fluids: while the new entry's tenant gets what it has waiting and the entry itself, the
/// others get in proportion to their weights, or all they want.
Scheduler::Forecast SchedulerState::forecast(const DrawingEntry& entry) const {
  const TierQueue& tier = tiers[entry.tier];
  const auto own = tier.tenants.find(entry.tenant);
  const double own_work = own == tier.tenants.end() ? 0 : work_seconds(own->second);
  const double entry_work = work_seconds(entry);
  const double weight = std::max(entry.tenant_weight, 1e-3);

  double before = own_work;
  for (const auto& [name, tenant] : tier.tenants)
    if (name != entry.tenant && tenant.entries > 0)
      before += std::min(work_seconds(tenant), (own_work + entry_work) * tenant.share.weight / weight);

  double beside_it = 0;
  for (const TierQueue& other : tiers)
    if (other.number != entry.tier && !other.paused)
      beside_it += beside(tier, other, before + entry_work, tier_work(*this, other), config.realtime_leeway);
  const double load =
      ready_models.contains(entry.step_class.model) ? 0 : profile.load_seconds(entry.step_class.model);
  return {before + entry_work + beside_it + load, before};
}

}  // namespace limner
