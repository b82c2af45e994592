#pragma once
// What every part of a worker works with.

#include "jobs/containment.h"
#include "jobs/drawing/active_job.h"
#include "jobs/drawing/stop_signal.h"
#include "jobs/drawing/worker_metrics.h"
#include "jobs/worker.h"

namespace limner::drawing {

struct WorkerContext {
  WorkerContext(const WorkerConfig& with, const Worker::Parts& of)
      : config(with),
        parts(of),
        metrics(of.metrics),
        jobs(std::make_shared<ActiveJobs>()),
        containment(of.ledger, of.clock, &of.catalogue),
        policies(of.policies, of.clock, of.metrics) {}

  const WorkerConfig config;
  const Worker::Parts parts;
  WorkerMetrics metrics;
  const std::shared_ptr<ActiveJobs> jobs;
  Containment containment;
  const PolicyDesk policies;
  StopSignal stop;
  std::atomic<bool> draining = false;

  TimeUs lease_until() const {
    return parts.clock.now() + static_cast<TimeUs>(config.lease_seconds * kSecondUs);
  }
};

}  // namespace limner::drawing
