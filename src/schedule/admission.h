#pragma once
// Whether a request can be taken at all: memory and time predicted before it is accepted.

#include <cstddef>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "schedule/scheduler.h"

namespace limner {

/// A job as admission sees it.
struct AdmissionRequest {
  TierNumber tier = 1;
  StepClass step_class;
  int pictures = 1, steps = 0, rows = 2;
  size_t model_bytes = 0;    ///< weights as loaded; 0 where the model is loaded already
  size_t drawing_bytes = 0;  ///< the pictures that are drawn at once, beside the weights
  TimeUs deadline = 0;       ///< 0: none
};

struct AdmissionLimits {
  size_t memory_bytes = 0;  ///< for models and drawings together
  /// Queues longer than this, predicted, take no more; seconds a tier.
  double wait_seconds_max[kTierCount] = {30, 600, 86'400};
  int queued_max[kTierCount] = {1000, 10'000, 100'000};
  int rows_max = 8;  ///< SchedulerConfig::rows_max
};

/// How things stand.
struct AdmissionState {
  Scheduler::Forecast forecast;
  size_t queued = 0;          ///< in the tier
  bool draining = false;      ///< the server is going down
  bool paused = false;        ///< the tier is paused: batch and standard wait, realtime is refused
  double drain_seconds = 30;  ///< what a client is told to wait when draining or paused
  TimeUs now = 0;             ///< what deadlines are held against
};

struct Admission {
  enum class Verdict { admitted, impossible, overloaded } verdict = Verdict::admitted;
  double predicted_seconds = 0;       ///< of engine work
  double predicted_wait_seconds = 0;  ///< before it is done
  double retry_after_seconds = 0;     ///< overloaded: when the queue will have room, as predicted
  /// impossible: `too_large` (memory; names the largest size that would fit) or `deadline` (cannot be met
  /// even on an idle machine); overloaded: `exhausted` or `unavailable` (draining, paused).
  Error error;
};
/// Predicts what the request costs and when it would be done, and takes it where memory, deadline and queue
/// allow. A deadline is called impossible only where the model's steps were measured: never on a guess. Pure:
/// equal arguments give equal answers.
Admission admit(const AdmissionRequest& request, const AdmissionLimits& limits, const AdmissionState& state,
                const CostProfile& profile);

}  // namespace limner
