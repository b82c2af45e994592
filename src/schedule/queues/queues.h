#pragma once
// What waits and what is open, by tier, tenant and class. Only schedule/ includes this.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schedule/queues/share.h"
#include "schedule/scheduler.h"

namespace limner {

struct ClassLine;
struct TenantQueue;
struct TierQueue;

/// An entry, in.
struct Queued {
  DrawingEntry entry;
  TimeUs due = 0;        ///< its deadline or the tier's target
  bool open = false;     ///< else it is in its line
  bool late = false;     ///< could not be done when it is due, as predicted while it waited; stays so
  bool stepped = false;  ///< was in the last step
  ClassLine* line = nullptr;
};

/// Entries that can still be done in time: earliest deadline first, open ones before others of the same
/// deadline.
struct DueOrder {
  bool operator()(const Queued* a, const Queued* b) const;
};
/// Late ones: in the order they came. By deadline they would go before all that come later and make those
/// late too.
struct LateOrder {
  bool operator()(const Queued* a, const Queued* b) const;
};

/// A class that somebody wants.
struct ClassInfo {
  uint32_t number = 0;  ///< in order of first wish
  StepClass step_class;
  bool ready = false;
  int entries = 0;
};

/// Entries of one tenant, tier and class. Those that are not open are in one of the two sets.
struct ClassLine {
  TenantQueue* tenant = nullptr;
  ClassInfo* info = nullptr;
  std::set<Queued*, DueOrder> in_time;
  std::set<Queued*, LateOrder> late;
  int entries = 0;        ///< open ones too
  int64_t row_steps = 0;  ///< left, of all of them
  int rows = 2;           ///< of the last one that came

  bool nobody_waits() const { return in_time.empty() && late.empty(); }
  void enqueue(Queued& queued);
  void dequeue(Queued& queued);
};

struct TenantQueue {
  TierQueue* tier = nullptr;
  Share share;
  /// Seconds that late entries may have before those in time go on; below 0: had in advance.
  double late_credit = 0;
  std::map<uint32_t, ClassLine> lines;  ///< by ClassInfo::number
  int entries = 0;
};

struct TierQueue {
  TierNumber number = 0;
  Share share;
  double tenants_time = 0;  ///< where tenants that were away come back
  std::map<std::string, TenantQueue> tenants;
  bool paused = false;
  size_t waiting = 0;
  int open = 0;
};

/// All of it. Invariants: (1) an entry is in its line's sets or in `open`, never both; (2) the counts of
/// lines, tenants, tiers and classes are those of `entries`; (3) lines and classes without entries are gone.
struct SchedulerState {
  SchedulerState(const SchedulerConfig& config, CostProfile& profile);

  SchedulerConfig config;
  CostProfile& profile;
  TierQueue tiers[kTierCount];
  double tiers_time = 0;  ///< where tiers that were away come back
  std::map<StepClass, ClassInfo> classes;
  uint32_t classes_seen = 0;
  std::set<std::string> ready_models;
  std::unordered_map<uint64_t, Queued> entries;
  std::vector<Queued*> open;
  std::set<std::pair<TimeUs, uint64_t>> deadlines;  ///< explicit ones

  ClassLine& line_for(const DrawingEntry& entry);
  void drop_if_empty(ClassLine& line);
  Queued* find(uint64_t id);

  /// Engine seconds that the entry still wants if it is drawn alone.
  double work_seconds(const DrawingEntry& entry) const;
  /// Engine seconds that all of the line want, in batches as they pay.
  double work_seconds(const ClassLine& line) const;
  double work_seconds(const TenantQueue& tenant) const;

  Scheduler::Forecast forecast(const DrawingEntry& entry) const;
};

}  // namespace limner
