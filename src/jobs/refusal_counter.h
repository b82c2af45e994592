#pragma once
// Requests that were not taken, whoever turned them away.

#include "base/metrics.h"

namespace limner {

/// By reason: the limit that was reached, or the name of the error's code.
inline MetricFamily<Counter>& refusal_counter(Metrics& metrics) {
  return metrics.counter("limner_admission_rejected_total", "Requests that were not taken, by reason.",
                         {"reason"});
}

}  // namespace limner
