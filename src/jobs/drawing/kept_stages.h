#pragma once
// Latents in the store, so that a picture that took long need not be drawn again.

#include <string_view>

#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

/// Thread-safe.
class KeptStages {
 public:
  explicit KeptStages(WorkerContext& context) : context_(context) {}

  /// First into the store, then into the ledger with the state the job is in. Waits for the job's lease; a
  /// job that has ended in the meantime keeps nothing.
  Result<void> keep(ActiveJob& job, int picture, std::string_view latents, JobState state);
  /// Reads what was kept of a job; what is not there any more is left out, and drawn again.
  Result<std::map<int, std::string>> read(const Job& job);
  /// Of a job that needs nothing any more: objects, then rows.
  void remove(ActiveJob& job);

 private:
  WorkerContext& context_;
};

}  // namespace limner::drawing
