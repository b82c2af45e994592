#include "schedule/scheduler.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "schedule/queues/queues.h"
#include "schedule/queues/turn.h"

namespace limner {

Scheduler::Scheduler(const SchedulerConfig& config, CostProfile& profile)
    : state_(std::make_unique<SchedulerState>(config, profile)) {}
Scheduler::~Scheduler() = default;

void Scheduler::add(const DrawingEntry& entry) {
  LIMNER_CHECK(entry.tier >= 0 && entry.tier < kTierCount, "a tier that exists");
  const auto [at, is_new] = state_->entries.try_emplace(entry.id);
  LIMNER_CHECK(is_new, "an entry is added once");
  Queued& queued = at->second;
  queued.entry = entry;
  queued.entry.rows = std::max(1, entry.rows);
  queued.entry.steps_left = std::max(0, entry.steps_left);
  queued.due = entry.deadline != 0
                   ? entry.deadline
                   : entry.submitted + TimeUs(state_->config.targets[entry.tier] * double(kSecondUs));
  if (entry.deadline != 0) state_->deadlines.emplace(entry.deadline, entry.id);

  ClassLine& line = state_->line_for(entry);
  queued.line = &line;
  line.enqueue(queued);
  line.rows = queued.entry.rows;
  line.row_steps += int64_t(queued.entry.steps_left) * queued.entry.rows;
  ++line.entries;
  ++line.info->entries;
  ++line.tenant->entries;
  ++line.tenant->tier->waiting;
}

void Scheduler::remove(uint64_t id) {
  Queued* queued = state_->find(id);
  if (queued == nullptr) return;
  ClassLine& line = *queued->line;
  if (queued->open) {
    std::erase(state_->open, queued);
    --line.tenant->tier->open;
  } else {
    line.dequeue(*queued);
    --line.tenant->tier->waiting;
  }
  line.row_steps -= int64_t(queued->entry.steps_left) * queued->entry.rows;
  --line.entries;
  --line.info->entries;
  --line.tenant->entries;
  state_->drop_if_empty(line);
  state_->deadlines.erase({queued->entry.deadline, id});
  state_->entries.erase(id);
}

void Scheduler::opened(uint64_t id) {
  Queued* queued = state_->find(id);
  if (queued == nullptr || queued->open) return;
  queued->line->dequeue(*queued);
  queued->open = true;
  state_->open.push_back(queued);
  TierQueue& tier = *queued->line->tenant->tier;
  --tier.waiting;
  ++tier.open;
}

void Scheduler::stepped(const std::vector<uint64_t>& ids, double seconds, TimeUs) {
  for (Queued* queued : state_->open) queued->stepped = false;
  int rows = 0;
  for (const uint64_t id : ids)
    if (const Queued* queued = state_->find(id)) rows += queued->entry.rows;
  for (const uint64_t id : ids) {
    Queued* queued = state_->find(id);
    if (queued == nullptr) continue;
    const double share = seconds * queued->entry.rows / rows;
    TenantQueue& tenant = *queued->line->tenant;
    tenant.share.charge(share);
    tenant.tier->share.charge(share);
    charge_lanes(tenant, queued->late, share);
    queued->stepped = true;
    if (queued->entry.steps_left == 0) continue;
    --queued->entry.steps_left;
    queued->line->row_steps -= queued->entry.rows;
  }
}

void Scheduler::correct(uint64_t id, int steps_left, int rows) {
  Queued* queued = state_->find(id);
  if (queued == nullptr) return;
  DrawingEntry& entry = queued->entry;
  queued->line->row_steps -= int64_t(entry.steps_left) * entry.rows;
  entry.steps_left = std::max(0, steps_left);
  entry.rows = std::max(1, rows);
  queued->line->row_steps += int64_t(entry.steps_left) * entry.rows;
}

void Scheduler::set_paused(TierNumber tier, bool paused) {
  LIMNER_CHECK(tier >= 0 && tier < kTierCount, "a tier that exists");
  state_->tiers[tier].paused = paused;
}

bool Scheduler::paused(TierNumber tier) const {
  LIMNER_CHECK(tier >= 0 && tier < kTierCount, "a tier that exists");
  return state_->tiers[tier].paused;
}

void Scheduler::set_model_ready(const std::string& model, bool ready) {
  if (ready)
    state_->ready_models.insert(model);
  else
    state_->ready_models.erase(model);
  for (auto at = state_->classes.lower_bound(StepClass{model, 0, 0});
       at != state_->classes.end() && at->first.model == model; ++at)
    at->second.ready = ready;
}

std::vector<std::string> Scheduler::wanted_models(TimeUs) const {
  using Urgency = std::tuple<TierNumber, TimeUs, TimeUs, uint64_t>;
  std::map<std::string, Urgency> wanted;
  const auto want = [&](const Queued& queued) {
    const DrawingEntry& entry = queued.entry;
    const Urgency urgency{entry.tier, queued.due, entry.submitted, entry.id};
    const auto [at, is_new] = wanted.try_emplace(entry.step_class.model, urgency);
    if (!is_new) at->second = std::min(at->second, urgency);
  };
  for (const TierQueue& tier : state_->tiers) {
    if (tier.paused) continue;
    for (const auto& [name, tenant] : tier.tenants)
      for (const auto& [number, line] : tenant.lines) {
        if (line.info->ready) continue;
        if (!line.in_time.empty()) want(**line.in_time.begin());
        if (!line.late.empty()) want(**line.late.begin());
      }
  }
  for (const Queued* queued : state_->open)
    if (!queued->line->info->ready && !queued->line->tenant->tier->paused) want(*queued);

  std::vector<std::pair<Urgency, std::string>> order;
  for (const auto& [model, urgency] : wanted) order.emplace_back(urgency, model);
  std::sort(order.begin(), order.end());
  std::vector<std::string> models;
  for (auto& [urgency, model] : order) models.push_back(std::move(model));
  return models;
}

StepDecision Scheduler::decide(TimeUs now) { return Turn(*state_, now).decide(); }

std::vector<uint64_t> Scheduler::expired(TimeUs now) const {
  std::vector<uint64_t> ids;
  for (const auto& [deadline, id] : state_->deadlines) {
    if (deadline > now) break;
    ids.push_back(id);
  }
  return ids;
}

Scheduler::Forecast Scheduler::forecast(const DrawingEntry& entry, TimeUs) const {
  LIMNER_CHECK(entry.tier >= 0 && entry.tier < kTierCount, "a tier that exists");
  return state_->forecast(entry);
}

size_t Scheduler::waiting(TierNumber tier) const {
  LIMNER_CHECK(tier >= 0 && tier < kTierCount, "a tier that exists");
  return state_->tiers[tier].waiting;
}

size_t Scheduler::open_count() const { return state_->open.size(); }

}  // namespace limner
