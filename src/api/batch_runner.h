#pragma once
// Carries batches out: lines into jobs, answers into files. What OpenAI's /v1/batches promises.

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "api/services.h"
#include "jobs/job_request.h"

namespace limner {

/// A line that was refused for the moment, as it was understood: its pictures are uploads by now, and the
/// next round does not store them again.
struct WaitingBatchLine {
  int line = 0;
  JobRequest job;
  TimeUs good_until = 0;  ///< its uploads do not last for ever
};

/// Called from time to time by one thread. Every piece of progress is in the ledger before the next, and each
/// line's job is accepted under an idempotency key of its own: a crash repeats and forgets nothing.
class BatchRunner {
 public:
  explicit BatchRunner(Services& services) : services_(services) {}
  /// Moves every unfinished batch on as far as it goes now: validates its file, submits lines while the batch
  /// tier takes them, collects ended jobs, writes output and error files, expires and cancels. `stop` is
  /// asked between lines.
  void run_due(const std::function<bool()>& stop);

 private:
  Services& services_;
  std::unordered_map<std::string, std::optional<WaitingBatchLine>> waiting_;  ///< by batch
};

/// An output file holds copies of pictures: it goes out by the door that each of them would go out by. The
/// error of the first picture that was deleted, did not pass or is withheld; `not_found` for a file that is
/// no batch's.
Result<void> check_batch_output(Services& services, const Upload& file);

}  // namespace limner
