#pragma once
// Who is drawn next. Decisions only: no I/O, no threads, time is an argument.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "schedule/cost_profile.h"

namespace limner {

/// The tiers' numbers are the ledger's (ledger/jobs.h): 0 realtime, 1 standard, 2 batch.
using TierNumber = int;
inline constexpr int kTierCount = 3;

/// One picture that is to be drawn.
struct DrawingEntry {
  uint64_t id = 0;  ///< the caller's, unique while the entry is in
  std::string job, tenant;
  double tenant_weight = 1;
  TierNumber tier = 1;
  StepClass step_class;
  int rows = 2;        ///< of the network in each step
  int steps_left = 0;  ///< network evaluations
  TimeUs submitted = 0;
  TimeUs deadline = 0;  ///< 0: the tier's own target
};

struct SchedulerConfig {
  /// Shares of the engine when all tiers want it. A tier with none waiting leaves its share to the others;
  /// realtime goes first as long as it keeps within its share, which bounds how long the others starve.
  double weights[kTierCount] = {16, 4, 1};
  /// What a job without a deadline is held against, seconds from submission.
  double targets[kTierCount] = {2, 60, 3600};
  int rows_max = 8;       ///< in one step
  int open_max = 16;      ///< drawings held open at once, those put aside included
  int realtime_open = 4;  ///< of them kept free for realtime, and as many again for realtime and standard
  /// Engine seconds by which realtime may be ahead of its share before the others get theirs.
  double realtime_leeway = 30;
};

/// What the engine is to do now.
struct StepDecision {
  /// Entries to step together, the most urgent first; those not open yet are to be opened first. Empty:
  /// nothing can be stepped now.
  std::vector<uint64_t> step;
  /// Open entries that were stepped before and are not now, though unfinished: preempted by more urgent ones.
  int preempted = 0;
};

struct SchedulerState;  // schedule/queues/

/// Tiers share the engine by weight, tenants share a tier by weighted virtual time (start-time fair queueing:
/// a tenant that was away does not save up), and a tenant's own entries go earliest deadline first.
///
/// A waiting entry without slack (deadline - now - predicted work) is late, and stays so. Late ones go in the
/// order they were submitted, behind those still in time. Those late for their tier's target, which do not
/// expire, get a quarter of their tenant's time: neither kind makes the other wait forever. What is open was
/// begun in time or is late already, and keeps its place in the order.
///
/// A batch is re-formed at every call: the most urgent entry leads, entries of its class join by the same
/// rules as long as the profile says that batching pays and an explicit deadline of the leader is not lost by
/// it. Beside a realtime leader entries of other tiers join only where they cost it nothing measurable (2 %).
/// A realtime entry therefore waits at most for the step that runs.
///
/// Open entries go before others of the same urgency. Where the most urgent one finds no place, the open one
/// that is nearest to its end is drawn, to make it one.
///
/// All ties are broken by (submitted, id): equal calls give equal decisions. Not thread-safe. Every operation
/// is O(log n) in waiting entries or bounded by open_max and by the tenants and classes that wait; expired()
/// is as long as its answer.
class Scheduler {
 public:
  Scheduler(const SchedulerConfig& config, CostProfile& profile);
  ~Scheduler();

  void add(const DrawingEntry& entry);
  /// Finished, cancelled, failed. Unknown ids are ignored.
  void remove(uint64_t id);
  void opened(uint64_t id);
  /// A step was done: charges the tenants and tiers by rows, counts steps_left down. At 0 an open entry is
  /// stepped no more, but counts as open until it is removed.
  void stepped(const std::vector<uint64_t>& ids, double seconds, TimeUs now);
  /// steps_left and rows as the engine found them when it opened the drawing.
  void correct(uint64_t id, int steps_left, int rows);

  void set_paused(TierNumber tier, bool paused);
  bool paused(TierNumber tier) const;
  /// Entries of a model can be stepped only while it is ready.
  void set_model_ready(const std::string& model, bool ready);
  /// Models that waiting entries of unpaused tiers need and that are not ready, the most urgent first.
  std::vector<std::string> wanted_models(TimeUs now) const;

  StepDecision decide(TimeUs now);

  /// Entries whose deadline has passed (explicit ones only, not the tiers' targets).
  std::vector<uint64_t> expired(TimeUs now) const;
  /// Predicted seconds until a new entry would be finished, and of the work before it in its tier. Paused
  /// tiers are forecast as if they went on.
  struct Forecast {
    double wait_seconds = 0, work_seconds = 0;
  };
  Forecast forecast(const DrawingEntry& entry, TimeUs now) const;
  size_t waiting(TierNumber tier) const;
  size_t open_count() const;

 private:
  std::unique_ptr<SchedulerState> state_;
};

}  // namespace limner
