#pragma once
// Service level objectives: what share of the jobs of a tier should go well, and how near we are to missing
// it.

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/metrics.h"
#include "observe/burn_rate.h"

namespace limner {

/// Good and bad events by minute, of the last three days.
class MinuteCounts {
 public:
  MinuteCounts();
  /// An event at `when`. Older than three days before the newest: not counted.
  void add(bool good, TimeUs when);
  /// Of the `minutes` that end with that of `now`.
  EventCounts over(TimeUs now, int minutes) const;

 private:
  struct Minute {
    int64_t number = -1;  // since 1970
    EventCounts counts;
  };
  std::vector<Minute> ring_;
};

struct SloObjective {
  std::string name;  ///< the tier: "realtime"
  double objective;  ///< the share that should be good: 0.99; below 1
};

/// Counts jobs against objectives. Time is an argument, so counts can be filled from the ledger after a
/// start. Thread-safe.
class SloTracker {
 public:
  /// `events_min`: the fewest events of a window on which an alert may rest.
  explicit SloTracker(std::vector<SloObjective> objectives, uint64_t events_min = 100);

  /// A job of the tier `name` ended at `when`. Bad: it failed or was lost by our fault, or it was late. Jobs
  /// refused by policy, cancelled, or over a quota are neither and not recorded. Unknown names are ignored.
  void record(std::string_view name, bool good, TimeUs when);

  /// Keeps limner_slo_burn_rate{slo,window} and limner_slo_alert{slo,severity} up to date. `metrics` must not
  /// be scraped any more once this or `clock` is gone.
  void publish(Metrics& metrics, const Clock& clock);

  /// [{"slo","objective","alert","windows":[{"window","good","bad","burn_rate"}],"rules":[...]}] for people.
  Json report(TimeUs now) const;

 private:
  struct Tracked {
    SloObjective objective;
    MinuteCounts counts;
  };
  // The caller holds the lock.
  static WindowCounts windows_of(const Tracked& tracked, TimeUs now);
  Json report_of(const Tracked& tracked, TimeUs now) const;

  const uint64_t events_min_;
  mutable std::mutex mutex_;
  std::vector<Tracked> tracked_;
};

}  // namespace limner
