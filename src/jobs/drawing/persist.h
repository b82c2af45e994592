#pragma once
// Trying again what may work later: a store that is down, a disk that is full.

#include <chrono>
#include <limits>

#include "base/result.h"
#include "jobs/drawing/worker_context.h"
#include "net/http_client.h"

namespace limner::drawing {

inline constexpr double kForever = std::numeric_limits<double>::infinity();

/// Whether the same may work a little later.
inline bool may_pass(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::exhausted || error.code == Code::deadline;
}

/// What `work` returns once it works, or fails for good, or `seconds` have passed, or the worker stops.
/// Failures are counted under `stage`.
template <class Work>
auto persist(WorkerContext& context, const char* stage, double seconds, Work&& work) -> decltype(work()) {
  using Steady = std::chrono::steady_clock;
  const Steady::time_point began = Steady::now();
  for (int attempt = 1;; ++attempt) {
    auto result = work();
    if (result || !may_pass(result.error())) return result;
    context.metrics.infrastructure_errors.with({stage}).add();
    if (std::chrono::duration<double>(Steady::now() - began).count() >= seconds) return result;
    if (attempt == 1)
      context.parts.log.warning("trying_again", {{"stage", stage}, {"error", result.error().text()}});
    if (!context.stop.sleep(backoff_seconds(attempt, 0.2, 5))) return result;
  }
}

}  // namespace limner::drawing
