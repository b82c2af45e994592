#pragma once
// Draws jobs: takes them from the ledger, lets the scheduler decide each step, carries it out, brings
// pictures to the store and jobs to their end.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/trace.h"
#include "jobs/containment.h"
#include "jobs/events.h"
#include "jobs/policy_desk.h"
#include "jobs/uploads.h"
#include "ledger/ledger.h"
#include "meter/prices.h"
#include "registry/catalogue.h"
#include "registry/model_pool.h"
#include "registry/provider.h"
#include "schedule/admission.h"
#include "schedule/scheduler.h"
#include "store/store.h"

namespace limner {

struct TakenJob;
class PictureMarker;

struct WorkerConfig {
  std::string owner;  ///< this process, in leases: "HOST:PID:random"
  double lease_seconds = 30;
  SchedulerConfig scheduler;
  /// Latents of a drawing that took longer than this are kept in the store until its job ends.
  double keep_after_seconds = 2;
  int finishers = 2;       ///< threads that encode, store and end
  int finishing_max = 32;  ///< pictures drawn and not stored: beyond this drawing waits, for each holds
                           ///< memory. As many more may wait to be enlarged
  double store_patience_seconds = 20;  ///< how long a store that fails is tried before the job fails
  double input_patience_seconds =
      600;  ///< how long a job waits for a store that its inputs cannot be read from
  int attempts_max = 3;
  double model_turn_seconds = 10;  ///< models that do not fit into memory beside each other take such turns
  std::filesystem::path scratch;   ///< folder for uploaded LoRAs while they are used
  std::filesystem::path profile;   ///< file that remembers measured costs between starts; empty: none
};

/// How things stand, for admission, /progress, the admin API and metrics.
struct WorkerStatus {
  size_t waiting[kTierCount] = {};
  bool paused[kTierCount] = {};
  size_t open = 0;          ///< drawings
  double busy_seconds = 0;  ///< of the engine since start
  bool draining = false;
};

/// How far a job of this process is.
struct JobProgress {
  bool drawing = false;
  int picture = 0, pictures = 0;  ///< finished, in all
  int step = 0, steps = 0;        ///< of the picture being drawn
  double seconds_left = 0;        ///< predicted
};

/// Threads: one that drives the engine, `finishers` that encode, store and end, one that reads inputs, one
/// that enlarges, two that take leases, one for what is due from time to time, and one for each provider's
/// answer that is waited for. All stop with the destructor, which leaves what is in work to whoever gets its
/// lease: drain() before it.
class Worker {
 public:
  struct Parts {
    Ledger& ledger;
    Store& store;
    UploadKeeper& uploads;
    const Catalogue& catalogue;
    ModelPool& pool;
    std::function<Provider*(const std::string& model)> provider;  ///< nullptr: not remote
    const PriceTable& prices;
    EventHub& events;
    const Clock& clock;
    Log& log;
    Metrics& metrics;
    SpanSink& spans;
    std::function<void(const Job&)> ended = {};  ///< told of every job that has ended; hands on, never blocks
    std::shared_ptr<const PolicyBook> policies = nullptr;  ///< none: the built-in policy is for everyone
    const PictureMarker* marker = nullptr;  ///< marks what is drawn; null: pictures are not marked
  };
  Worker(const WorkerConfig& config, const Parts& parts);
  ~Worker();

  /// Gives jobs of owners that are gone back to the queue (this data folder is locked: whoever held them is
  /// dead), takes what is queued, and begins.
  Result<void> start();
  /// A job was made durable.
  void submitted(const Job& job);
  /// The same, by one who has read, planned and checked it: none of that is done again.
  void submitted(const Job& job, const TakenJob& taken);
  /// Cancels within a step. True if this process knew the job; it then ends it.
  bool cancel(const std::string& job);
  bool cancel(const std::string& job, const JobError& reason);
  /// Reads which incidents hold and ends, within a step, what they stop; how many jobs. A worker does so by
  /// itself a few times a second.
  Result<int> contain();
  const Containment& containment() const;
  const PolicyDesk& policies() const;
  /// What marks pictures here; null: nothing does.
  const PictureMarker* marker() const;
  void set_paused(TierNumber tier, bool paused);
  /// No new jobs are begun; running ones are finished within `seconds`, then saved and given back. Returns
  /// when nothing is drawn any more.
  void drain(double seconds);
  /// Tells all threads to stop, and returns at once: what fails from now on is left to whoever gets the
  /// lease.
  void stop();

  WorkerStatus status() const;
  JobProgress progress(const std::string& job) const;
  /// For admission; safe from any thread.
  Scheduler::Forecast forecast(const DrawingEntry& entry) const;
  CostProfile profile() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace limner
