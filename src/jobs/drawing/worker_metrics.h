#pragma once
// What a worker counts.

#include <string>

#include "base/metrics.h"

namespace limner::drawing {

struct WorkerMetrics {
  explicit WorkerMetrics(Metrics& metrics);

  MetricFamily<Histogram>& job_seconds;         ///< tier, model, op: from submission to stored
  MetricFamily<Histogram>& queue_wait_seconds;  ///< tier
  MetricFamily<Gauge>& queue_depth;             ///< tier
  MetricFamily<Gauge>& queue_oldest_seconds;    ///< tier
  MetricFamily<Histogram>& step_seconds;        ///< model, batch, res_class
  MetricFamily<Counter>& steps;                 ///< model
  MetricFamily<Gauge>& batch_occupancy;         ///< of the last step, 0..1
  MetricFamily<Histogram>& batch_rows;
  MetricFamily<Counter>& preemptions;
  MetricFamily<Histogram>& first_partial_seconds;
  MetricFamily<Counter>& jobs;                   ///< tier, model, state
  MetricFamily<Counter>& model_errors;           ///< model
  MetricFamily<Counter>& infrastructure_errors;  ///< stage
  MetricFamily<Counter>& cost_micros;            ///< tenant, model
  MetricFamily<Counter>& engine_busy_seconds;
  MetricFamily<Counter>& engine_seconds;  ///< tenant, model
  MetricFamily<Gauge>& engine_utilisation;
  Counter& unreadable_watermarks;            ///< pictures whose id could not be read back once it was in
  MetricFamily<Counter>& provenance_signed;  ///< format: pictures with a manifest
  MetricFamily<Histogram>& guidance_gap;     ///< model
};

/// Sizes in a handful of classes, by the longer side: a label must not have a value for every size.
const char* resolution_class(int width, int height);

}  // namespace limner::drawing
