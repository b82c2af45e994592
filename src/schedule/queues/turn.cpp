#include "schedule/queues/turn.h"

#include <algorithm>
#include <tuple>

namespace limner {

namespace {

// Late entries of a tenant get one second for three of those in time.
constexpr double kInTimePerLate = 3;
// Waiting entries moved to the late ones in one decision and line, at most: a decision stays short though
// thousands become late at once.
constexpr int kSettledMax = 32;

constexpr TierNumber kRealtime = 0;

/// Which of two entries of one tenant goes first, both late or both in time.
bool before(const Queued* a, const Queued* b) {
  if (a == nullptr || b == nullptr) return b == nullptr && a != nullptr;
  return a->late ? LateOrder()(a, b) : DueOrder()(a, b);
}

/// The order that breaks ties between tenants and tiers.
bool older(const Queued* a, const Queued* b) {
  return std::tuple(a->entry.submitted, a->entry.id) < std::tuple(b->entry.submitted, b->entry.id);
}

}  // namespace

void charge_lanes(TenantQueue& tenant, bool late, double seconds) {
  // No more than a step is saved up: late entries that cannot take it now do not take it all at once.
  tenant.late_credit =
      late ? tenant.late_credit - seconds : std::min(tenant.late_credit + seconds / kInTimePerLate, seconds);
}

StepDecision Turn::decide() {
  order_tiers();
  Queued* leader = lead();
  if (leader == nullptr) return {};
  take(*leader);
  fill(*leader);

  StepDecision decision;
  for (const Queued* queued : step_) decision.step.push_back(queued->entry.id);
  for (const Queued* queued : state_.open)
    if (queued->stepped && steppable(*queued) && std::find(step_.begin(), step_.end(), queued) == step_.end())
      ++decision.preempted;
  return decision;
}

void Turn::order_tiers() {
  for (TierQueue& tier : state_.tiers) {
    const Pick found = pick(tier);
    if (found.wants()) {
      tier.share.come_back(state_.tiers_time);
      tiers_.emplace_back(&tier, found);
    } else {
      tier.share.away = true;
    }
  }
  std::stable_sort(tiers_.begin(), tiers_.end(),
                   [](const auto& a, const auto& b) { return a.first->share.time < b.first->share.time; });
  if (tiers_.empty()) return;
  const double least = tiers_.front().first->share.time;
  state_.tiers_time = std::max(state_.tiers_time, least);

  const auto realtime = std::find_if(tiers_.begin(), tiers_.end(),
                                     [](const auto& item) { return item.first->number == kRealtime; });
  if (realtime == tiers_.end()) return;
  const Share& share = realtime->first->share;
  if ((share.time - least) * share.weight <= state_.config.realtime_leeway)
    std::rotate(tiers_.begin(), realtime, realtime + 1);
}

Queued* Turn::lead() {
  for (const auto& [tier, found] : tiers_) {
    if (!found.blocked) return found.entry;
    if (Queued* ending = nearest_to_end(tier)) return ending;
    if (Queued* ending = nearest_to_end(nullptr)) return ending;
  }
  return nullptr;
}

Turn::Pick Turn::pick(TierQueue& tier) {
  if (tier.paused) return {};
  TenantQueue* best = nullptr;
  Pick best_pick;
  for (auto& [name, tenant] : tier.tenants) {
    if (tenant.entries == 0) continue;
    if (best != nullptr && !tenant.share.away && tenant.share.time > best->share.time) continue;
    const Pick found = pick(tenant);
    if (!found.wants()) {
      tenant.share.away = true;
      continue;
    }
    tenant.share.come_back(tier.tenants_time);
    const bool tie = best != nullptr && tenant.share.time == best->share.time;
    const bool first = best == nullptr || tenant.share.time < best->share.time ||
                       (tie && found.entry != nullptr &&
                        (best_pick.entry == nullptr || older(found.entry, best_pick.entry)));
    if (!first) continue;
    best = &tenant;
    best_pick = found;
  }
  if (best != nullptr) tier.tenants_time = std::max(tier.tenants_time, best->share.time);
  return best_pick;
}

Turn::Pick Turn::pick(TenantQueue& tenant) {
  Queued *in_time = nullptr, *late = nullptr;
  const auto consider = [&](Queued* queued) {
    Queued*& first = queued->late ? late : in_time;
    if (before(queued, first)) first = queued;
  };
  for (Queued* open : state_.open)
    if (open->line->tenant == &tenant && steppable(*open)) consider(open);
  bool no_place = false;
  for (auto& [number, line] : tenant.lines) {
    if (!line.info->ready || line.nobody_waits()) continue;
    if (!has_place(tenant.tier->number)) {
      no_place = true;
      break;
    }
    if (settle(line) && !line.in_time.empty()) consider(*line.in_time.begin());
    if (!line.late.empty()) consider(*line.late.begin());
  }
  if (in_time == nullptr || late == nullptr) {
    tenant.late_credit = 0;
    Queued* only = in_time != nullptr ? in_time : late;
    return {only, only == nullptr && no_place};
  }
  // Past a deadline of its own an entry expires: engine time for it would be lost to those in time.
  const bool turn_of_late = tenant.late_credit > 0 && late->entry.deadline == 0;
  return {turn_of_late ? late : in_time, false};
}

Queued* Turn::nearest_to_end(const TierQueue* tier) const {
  Queued* nearest = nullptr;
  double least = 0;
  for (Queued* open : state_.open) {
    if (!steppable(*open) || (tier != nullptr && open->line->tenant->tier != tier)) continue;
    const double left = state_.work_seconds(open->entry);
    if (nearest != nullptr && (left > least || (left == least && !older(open, nearest)))) continue;
    nearest = open;
    least = left;
  }
  return nearest;
}

void Turn::fill(Queued& leader) {
  TierQueue* own = leader.line->tenant->tier;
  if (!fill_from(*own, leader)) return;
  for (const auto& [tier, found] : tiers_)
    if (tier != own && !fill_from(*tier, leader)) return;
}

/// Takes entries of the leader's class, each from the tenant with the least virtual time, those taken before
/// counted. False where no more company pays.
bool Turn::fill_from(TierQueue& tier, Queued& leader) {
  struct Candidate {
    TenantQueue* tenant;
    double time;
    std::vector<Queued*> company;
    size_t next = 0;
  };
  std::vector<Candidate> candidates;
  for (auto& [name, tenant] : tier.tenants) {
    if (!tenant.lines.contains(leader.line->info->number)) continue;
    std::vector<Queued*> company = company_of(tenant, leader);
    if (!company.empty()) candidates.push_back({&tenant, tenant.share.time, std::move(company)});
  }
  const double row_seconds =
      state_.profile.row_seconds(leader.entry.step_class, leader.entry.rows, state_.config.rows_max);
  for (Candidate& candidate : candidates)
    if (candidate.tenant == leader.line->tenant)
      candidate.time += leader.entry.rows * row_seconds / candidate.tenant->share.weight;

  while (rows_ < state_.config.rows_max) {
    Candidate* best = nullptr;
    for (Candidate& candidate : candidates) {
      if (candidate.next == candidate.company.size()) continue;
      if (best == nullptr || candidate.time < best->time ||
          (candidate.time == best->time &&
           older(candidate.company[candidate.next], best->company[best->next])))
        best = &candidate;
    }
    if (best == nullptr) return true;
    Queued& next = *best->company[best->next++];
    if (rows_ + next.entry.rows > state_.config.rows_max) continue;
    if (!next.open && !has_place(tier.number)) continue;
    if (!may_join(leader, next)) return false;
    best->time += next.entry.rows * row_seconds / best->tenant->share.weight;
    take(next);
  }
  return false;
}

/// The tenant's entries that could step with the leader, in order, at most as many as there are rows.
std::vector<Queued*> Turn::company_of(TenantQueue& tenant, const Queued& leader) {
  ClassLine& line = tenant.lines.at(leader.line->info->number);
  std::vector<Queued*> company;
  for (Queued* open : state_.open)
    if (open->line == &line && open != &leader && steppable(*open)) company.push_back(open);
  std::sort(company.begin(), company.end(),
            [](const Queued* a, const Queued* b) { return a->late != b->late ? b->late : before(a, b); });
  if (!has_place(tenant.tier->number)) return company;
  settle(line);
  const auto append = [&](const auto& waiting) {
    for (auto at = waiting.begin(); at != waiting.end() && int(company.size()) < state_.config.rows_max; ++at)
      if (*at != &leader) company.push_back(*at);
  };
  append(line.in_time);
  append(line.late);
  return company;
}

bool Turn::may_join(const Queued& leader, const Queued& other) const {
  const StepClass& step_class = leader.entry.step_class;
  if (leader.entry.tier == kRealtime && other.entry.tier != kRealtime)
    return state_.profile.company_is_free(step_class, rows_, other.entry.rows);
  if (!state_.profile.batching_pays(step_class, rows_, other.entry.rows)) return false;
  if (leader.entry.deadline == 0 || leader.late) return true;
  const double seconds =
      leader.entry.steps_left * state_.profile.step_seconds(step_class, rows_ + other.entry.rows) +
      state_.profile.fixed_seconds(step_class);
  return double(leader.due - now_) >= seconds * double(kSecondUs);
}

void Turn::take(Queued& queued) {
  step_.push_back(&queued);
  rows_ += queued.entry.rows;
  if (!queued.open) ++opening_[queued.entry.tier];
}

/// Of a waiting entry. A step that runs cannot be interrupted: behind by less than a step is in time.
bool Turn::is_late(const DrawingEntry& entry, TimeUs due) const {
  const double surely_seconds =
      state_.work_seconds(entry) - state_.profile.step_seconds(entry.step_class, entry.rows);
  return double(due - now_) < surely_seconds * double(kSecondUs);
}

/// Moves entries that became late at the head of the line to where late ones wait. False where there are so
/// many that the rest is left to the next decisions, and whether the head is late is not known.
bool Turn::settle(ClassLine& line) const {
  for (int moved = 0; moved < kSettledMax; ++moved) {
    if (line.in_time.empty()) return true;
    Queued* head = *line.in_time.begin();
    if (!is_late(head->entry, head->due)) return true;
    line.in_time.erase(line.in_time.begin());
    head->late = true;
    line.late.insert(head);
  }
  return false;
}

bool Turn::steppable(const Queued& open) const {
  return open.entry.steps_left > 0 && open.line->info->ready && !open.line->tenant->tier->paused;
}

/// Tier n and those less urgent may together hold all places but n times those kept for realtime, one at
/// least.
bool Turn::has_place(TierNumber tier) const {
  const SchedulerConfig& config = state_.config;
  int open = 0;
  for (TierNumber less = kTierCount - 1; less >= 0; --less) {
    open += state_.tiers[less].open + opening_[less];
    if (less <= tier && open >= std::max(1, config.open_max - less * config.realtime_open)) return false;
  }
  return true;
}

}  // namespace limner
