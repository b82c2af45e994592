#pragma once
// A job while this process has it, and all of them.

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/trace.h"
#include "engine/engine.h"
#include "jobs/drawing/job_plan.h"
#include "jobs/drawing/lease.h"
#include "jobs/job_request.h"
#include "jobs/job_view.h"
#include "jobs/policy_desk.h"
#include "ledger/jobs.h"
#include "schedule/scheduler.h"

namespace limner::drawing {

/// What was read from the store for a job.
struct JobFiles {
  DrawingInputs inputs;
  std::string init_file;                               ///< the picture drawn over, as it was brought
  FileTexts source_texts;                              ///< task upscale: what the picture's file said
  std::map<int, std::string> kept;                     ///< picture -> saved state to go on from
  std::map<std::string, std::filesystem::path> loras;  ///< uploaded ones, on this machine's disk
};

/// From Worker::submitted() to its end, shared by the threads that it passes through one after the other.
class ActiveJob {
 public:
  explicit ActiveJob(Job from_ledger) : job(std::move(from_ledger)) {}

  // Written before anybody else sees the job.
  Job job;  ///< as in the ledger when it came; its `request` is read and emptied
  JobRequest request;
  double tenant_weight = 1;
  std::string tenant_name;
  TraceContext trace;  ///< of the job's root span
  std::string parent_span;
  Counter* engine_seconds = nullptr;  ///< of its tenant and model
  JobFiles files;                     ///< written by the intake before it hands the job on

  // For any thread.
  Lease lease;
  std::atomic<bool> begun = false;                            ///< it does not wait any more
  std::atomic<int64_t> engine_us = 0;                         ///< over all attempts
  std::atomic<int> drawing_picture = 0, step = 0, steps = 0;  ///< of the picture that was stepped last
  std::atomic<int> pictures_drawn = 0, pictures_done = 0;
  std::atomic<bool> previewed = false;

  std::mutex mutex;                         ///< guards what follows
  std::vector<PictureRow> pictures;         ///< stored ones, by position
  std::map<int, SharedFile> files_at_hand;  ///< of stored ones, by position, if somebody waits for them
  std::vector<KeptStage> kept;
  std::vector<VerdictRow> verdicts;  ///< what policies said so far
  JobState ledger_state = JobState::drawing;

  /// Changed when another model is to draw it.
  std::shared_ptr<const JobPlan> plan() const;
  void set_plan(JobPlan plan);
  /// The digest of the weights that draw it, and their name where that is not the one asked for.
  struct Version {
    std::string sha256, drawn_by;
  };
  Version version() const;
  void set_version(Version version);

  /// True for the first who wants to end it: whoever ends a job has claimed it.
  bool claim_end();
  bool ended() const { return end_claimed_.load(); }
  /// The engine begins to work for the job: false if it has ended, and nothing is to be done for it.
  bool enter_engine();
  void leave_engine();
  /// Waits until the engine does nothing for the job: then its engine_us is final, if it has ended.
  void wait_for_engine() const;
  TierNumber tier() const { return static_cast<TierNumber>(job.tier); }
  PolicySubject policy_subject() const { return {tenant_name, job.tier}; }
  void add_verdict(VerdictRow verdict);

 private:
  mutable std::mutex facts_mutex_;
  std::shared_ptr<const JobPlan> plan_ = std::make_shared<const JobPlan>();
  Version version_;
  mutable std::condition_variable left_engine_;
  int in_engine_ = 0;
  std::atomic<bool> end_claimed_ = false;
};

using ActiveJobRef = std::shared_ptr<ActiveJob>;

/// Every job of this process that has not ended. Thread-safe.
class ActiveJobs {
 public:
  /// False if it is here already. A job of the same id that has ended and is only not forgotten yet is
  /// replaced.
  bool add(const ActiveJobRef& job);
  void forget(const ActiveJob& job);
  ActiveJobRef find(const std::string& id) const;
  std::vector<ActiveJobRef> all() const;

  /// It waits no more: its first picture is being drawn.
  void begin(ActiveJob& job);
  /// Jobs that are in work.
  std::vector<ActiveJobRef> begun() const;
  /// Waits until none is in work, or `seconds` have passed.
  void wait_until_none_begun(double seconds) const;
  struct Waiting {
    size_t jobs = 0;
    TimeUs oldest = 0;  ///< submitted; 0: none
  };
  Waiting waiting(TierNumber tier) const;
  /// The ids of those that wait, in the order in which they came.
  std::vector<std::string> line(TierNumber tier) const;
  /// Goes up whenever some line changes.
  uint64_t line_changes() const { return line_changes_.load(); }

  /// The first deadline of a job; 0: none has one.
  TimeUs next_deadline() const;
  /// Jobs whose deadline has passed; each is told once.
  std::vector<ActiveJobRef> take_overdue(TimeUs now);

 private:
  using Submitted = std::pair<TimeUs, std::string>;
  void leave_line(const ActiveJob& job);
  size_t begun_count() const;

  mutable std::condition_variable forgotten_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, ActiveJobRef> jobs_;
  std::array<std::set<Submitted>, kTierCount> lines_;
  std::set<std::pair<TimeUs, std::string>> deadlines_;
  std::atomic<uint64_t> line_changes_ = 0;
};

}  // namespace limner::drawing
