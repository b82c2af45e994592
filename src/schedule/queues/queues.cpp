#include "schedule/queues/queues.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/check.h"

namespace limner {

namespace {

// A weight of nothing would be a wait without end.
constexpr double kWeightMin = 1e-3, kWeightMax = 1e6;

double usable_weight(double weight) {
  return std::isfinite(weight) ? std::clamp(weight, kWeightMin, kWeightMax) : 1;
}

// Tenants who want nothing are kept only for what they had too much of; this many may be kept for no reason.
constexpr size_t kIdleTenants = 64;

void forget_idle(TierQueue& tier) {
  if (tier.tenants.size() < kIdleTenants) return;
  std::erase_if(tier.tenants, [&](const auto& item) {
    return item.second.entries == 0 && item.second.share.time <= tier.tenants_time;
  });
}

}  // namespace

bool DueOrder::operator()(const Queued* a, const Queued* b) const {
  return std::tuple(a->due, !a->open, a->entry.submitted, a->entry.id) <
         std::tuple(b->due, !b->open, b->entry.submitted, b->entry.id);
}

bool LateOrder::operator()(const Queued* a, const Queued* b) const {
  return std::tuple(a->entry.submitted, !a->open, a->entry.id) <
         std::tuple(b->entry.submitted, !b->open, b->entry.id);
}

void ClassLine::enqueue(Queued& queued) {
  if (queued.late)
    late.insert(&queued);
  else
    in_time.insert(&queued);
}

void ClassLine::dequeue(Queued& queued) {
  if (queued.late)
    late.erase(&queued);
  else
    in_time.erase(&queued);
}

SchedulerState::SchedulerState(const SchedulerConfig& config, CostProfile& profile)
    : config(config), profile(profile) {
  for (TierNumber number = 0; number < kTierCount; ++number) {
    tiers[number].number = number;
    tiers[number].share.weight = usable_weight(config.weights[number]);
  }
}

ClassLine& SchedulerState::line_for(const DrawingEntry& entry) {
  TierQueue& tier = tiers[entry.tier];
  if (!tier.tenants.contains(entry.tenant)) forget_idle(tier);
  TenantQueue& tenant = tier.tenants[entry.tenant];
  tenant.tier = &tier;
  tenant.share.weight = usable_weight(entry.tenant_weight);
  if (tenant.entries == 0) tenant.share.away = true;

  const auto [info, is_new] = classes.try_emplace(entry.step_class);
  if (is_new)
    info->second = {classes_seen++, entry.step_class, ready_models.contains(entry.step_class.model), 0};
  ClassLine& line = tenant.lines[info->second.number];
  line.tenant = &tenant;
  line.info = &info->second;
  return line;
}

void SchedulerState::drop_if_empty(ClassLine& line) {
  if (line.entries > 0) return;
  ClassInfo& info = *line.info;
  line.tenant->lines.erase(info.number);
  if (info.entries == 0) classes.erase(StepClass(info.step_class));
}

Queued* SchedulerState::find(uint64_t id) {
  const auto at = entries.find(id);
  return at == entries.end() ? nullptr : &at->second;
}

double SchedulerState::work_seconds(const DrawingEntry& entry) const {
  return std::max(0, entry.steps_left) * profile.step_seconds(entry.step_class, entry.rows) +
         profile.fixed_seconds(entry.step_class);
}

double SchedulerState::work_seconds(const ClassLine& line) const {
  const StepClass& step_class = line.info->step_class;
  // A batch takes from all tenants, but never more drawings than there are.
  const int rows_max = std::min<int64_t>(config.rows_max, int64_t(line.info->entries) * line.rows);
  return double(line.row_steps) * profile.row_seconds(step_class, line.rows, rows_max) +
         line.entries * profile.fixed_seconds(step_class);
}

double SchedulerState::work_seconds(const TenantQueue& tenant) const {
  double seconds = 0;
  for (const auto& [number, line] : tenant.lines) seconds += work_seconds(line);
  return seconds;
}

}  // namespace limner
