#pragma once
// An engine whose steps only cost time, for tests of the scheduler.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "schedule/scheduler.h"

namespace limner {

inline constexpr TierNumber kRealtime = 0, kStandard = 1, kBatch = 2;
/// What tests draw: pictures of one model, and as large ones of another.
inline const StepClass kSquare{"sd", 512, 512}, kOther{"xl", 512, 512};

/// What a step of a class costs in truth.
using StepCost = std::function<double(const StepClass&, int rows)>;

/// Steps cost the same for each row: batches never pay.
StepCost row_by_row(double seconds_per_row_of_512);
/// Rows together cost less than one after another: seconds = alone * (fixed + (1 - fixed) * rows / 2).
StepCost batches_pay(double seconds_alone_of_512, double fixed);

/// What became of an entry.
struct Drawn {
  DrawingEntry entry;
  int steps_done = 0;
  TimeUs first_step = 0;  ///< when its first step began
  TimeUs finished = 0;    ///< 0: not yet
  double wait_seconds() const { return double(first_step - entry.submitted) / double(kSecondUs); }
  double seconds() const { return double(finished - entry.submitted) / double(kSecondUs); }
};

/// Runs what the scheduler decides, checks what must always hold (ids known and once, one class a step,
/// rows_max, open_max, paused tiers, models ready), and books who got what.
class SimulatedEngine {
 public:
  SimulatedEngine(const SchedulerConfig& config, StepCost cost);

  /// An entry now, its id and time of submission filled in.
  uint64_t submit(DrawingEntry entry);
  /// Whatever comes at `at`; runs before the decision that follows.
  void at(TimeUs at, std::function<void()> what);
  void cancel(uint64_t id);
  void run_until(TimeUs end);
  /// Until nothing can be stepped and nothing more comes.
  void run_to_end();

  Scheduler& scheduler() { return scheduler_; }
  CostProfile& profile() { return profile_; }
  TimeUs now() const { return now_; }
  const std::map<uint64_t, Drawn>& drawn() const { return drawn_; }
  double tenant_seconds(const std::string& tenant) const;
  double tier_seconds(TierNumber tier) const { return tier_seconds_[tier]; }
  double busy_seconds() const { return busy_seconds_; }
  const std::vector<std::vector<uint64_t>>& steps() const { return steps_; }
  int preempted() const { return preempted_; }
  int open_most() const { return open_most_; }
  double longest_step_seconds() const { return longest_step_; }
  /// Sum over steps of drawings in them / steps.
  double occupancy() const;
  bool keep_steps = true;         ///< in steps(), for tests that look at them
  bool expire_deadlines = false;  ///< cancels what is past its deadline

 private:
  void deliver();
  bool step();
  void check(const StepDecision& decision) const;

  SchedulerConfig config_;
  StepCost cost_;
  CostProfile profile_;
  Scheduler scheduler_;
  TimeUs now_ = 0;
  uint64_t next_id_ = 1;
  std::multimap<TimeUs, std::function<void()>> events_;
  std::map<uint64_t, Drawn> drawn_;
  std::map<uint64_t, bool> live_;  ///< not ended; whether open
  std::map<std::string, double> tenant_seconds_;
  double tier_seconds_[kTierCount] = {};
  double busy_seconds_ = 0, longest_step_ = 0;
  std::vector<std::vector<uint64_t>> steps_;
  int64_t step_count_ = 0, step_drawings_ = 0;
  int preempted_ = 0, open_most_ = 0;
};

/// The value below which `part` of them are, by nearest rank.
double percentile(std::vector<double> values, double part);

}  // namespace limner
