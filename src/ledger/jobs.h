#pragma once
// Jobs: requests that were accepted, and what became of them. Each move of a job is one transaction.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "ledger/pictures.h"
#include "ledger/usage.h"

namespace limner {

/// queued -> drawing -> finishing -> checking -> stored, or an end: held (for review: then stored or
/// refused), refused (by policy), failed, cancelled, expired (deadline). The numbers are in the ledger: never
/// renumber.
enum class JobState : uint8_t {
  queued = 0,
  drawing = 1,
  finishing = 2,
  checking = 3,
  stored = 4,
  held = 5,
  refused = 6,
  failed = 7,
  cancelled = 8,
  expired = 9
};
const char* job_state_name(JobState state);
Result<JobState> job_state_from_name(std::string_view name);
bool has_ended(JobState state);

/// realtime before standard before batch. The numbers are in the ledger: never renumber.
enum class Tier : uint8_t { realtime = 0, standard = 1, batch = 2 };
inline constexpr int kTiers = 3;
const char* tier_name(Tier tier);
Result<Tier> tier_from_name(std::string_view name);

/// Why a job did not end in pictures, as its requester is told.
struct JobError {
  std::string code, field, message, hint;
  /// Whose fault: "request", "model" (not finite, broken weights) or "infrastructure" (disk, memory, peer).
  std::string kind;

  bool empty() const { return code.empty(); }
};

/// An output of an expensive stage, kept in the store until the job ends, to resume from.
struct KeptStage {
  std::string stage;  ///< "latents"
  int picture = 0;
  std::string key;
  uint64_t bytes = 0;
};

struct Job {
  std::string id;  ///< "job_..."
  std::string tenant, api_key;
  JobState state = JobState::queued;
  Tier tier = Tier::standard;
  std::string dialect;   ///< "native", "openai", "a1111", "batch"
  std::string model;     ///< as resolved when it was accepted
  std::string drawn_by;  ///< the model that drew it, where that is another (fallback); with its version
  std::string prompt;    ///< what a search by text looks in
  uint64_t seed = 0;     ///< of the first picture; picture i has seed + i
  int count = 1;
  Json request;  ///< jobs/job_request.h
  std::vector<std::string> tags;
  std::string batch;       ///< the batch it belongs to, or empty
  std::string request_id;  ///< of the request that brought it
  std::string traceparent;
  std::string webhook_url;
  TimeUs submitted = 0, started = 0, finished = 0;
  TimeUs deadline = 0;  ///< 0: none
  double predicted_seconds = 0;
  int64_t reserved_micros = 0;
  int attempts = 0;
  bool cancel_requested = false;
  std::string lease_owner;
  TimeUs lease_until = 0;
  std::vector<KeptStage> kept;
  int64_t engine_us = 0;  ///< spent so far, over all attempts
  JobError error;
  /// Why prompt, request, webhook_url and error, which are empty then, cannot be read: their tenant's key was
  /// forgotten, or they are not what was written. Empty: they can.
  std::string unreadable;
};

/// What asking for such a text is answered with: `data_loss`, naming the job.
Error unreadable_error(const Job& job);

/// What a repeated request is recognised by.
struct Idempotency {
  std::string scope;        ///< tenant + route, or key + body for retries without a header
  std::string key;          ///< header's value; empty: none
  std::string fingerprint;  ///< sha256 of the canonical body
  TimeUs expires = 0;
  /// True: same key with another fingerprint is an error. False: it is simply another request.
  bool strict = true;
  /// True: a new request whatever came before; from now on the key stands for it.
  bool fresh = false;
};

/// What accept() did.
struct Accepted {
  Job job;
  bool replayed = false;  ///< the job is an earlier one: same idempotency key, same fingerprint
};

/// What a job's end writes, in one transaction: state, pictures, one usage row, the budget settled.
struct JobEnd {
  std::string job;
  std::string owner;  ///< whose lease it must be; empty: only a queued job may end so (cancel, expire)
  JobState state = JobState::failed;
  JobError error;
  std::string drawn_by;
  std::vector<PictureRow> pictures;
  /// What policies said; what they held, or a sample of what passed, waits for `reviewers` who agree.
  std::vector<VerdictRow> verdicts;
  int reviewers = 1;
  /// Only engine_us and cost_micros are read: totals of the job over all attempts, as Job::engine_us is; less
  /// than what was booked before is taken for that. The rest comes from the job and its pictures.
  UsageRow usage;
  TimeUs now = 0;
  std::string webhook_body;  ///< not empty: a delivery to the job's webhook_url is written too
};

struct JobQuery {
  std::string tenant;  ///< required but for admins
  std::string text;    ///< part of the prompt, any case
  std::string tag, model, batch;
  std::optional<uint64_t> seed;
  std::vector<JobState> states;
  std::optional<Tier> tier;
  TimeUs from = 0, to = 0;  ///< submitted; 0: open
  std::string before;       ///< id of the last job of the page before; newest come first
  int limit = 50;           ///< 1 to 500
};

struct JobPage {
  std::vector<Job> jobs;
  /// What JobQuery::before is for the next page; empty: there is none. A page of a search by text in
  /// encrypted prompts may have fewer jobs than the limit, even none, and a next one all the same.
  std::string next;
};

/// How much waits, a tier.
struct QueueDepth {
  int jobs = 0;
  double predicted_seconds = 0;
  TimeUs oldest = 0;  ///< submitted; 0: nothing waits
};

class JobTable {
 public:
  virtual ~JobTable() = default;

  /// Makes a request durable, or finds that it was made before. In one transaction: idempotency; the tenant's
  /// and the key's concurrent jobs, pictures a day and budget (spent + reserved + job.reserved_micros must
  /// fit, then it is reserved); the row. Errors: `exhausted` with field "concurrent_jobs", "pictures_per_day"
  /// or "budget_micros" (a hint says when it is over); `conflict` with field "idempotency_key".
  virtual Result<Accepted> accept(const Job& job, const std::optional<Idempotency>& idempotency) = 0;
  /// The job an idempotency key stands for, if any; `conflict` for another fingerprint.
  virtual Result<std::optional<Job>> find_repeated(const Idempotency& idempotency, TimeUs now) = 0;

  virtual Result<Job> find(std::string_view id) = 0;
  virtual Result<JobPage> search(const JobQuery& query) = 0;
  /// Queued jobs that began to wait first, after `after` (submitted, id), to fill a scheduler at its start.
  virtual Result<std::vector<Job>> queued(std::string_view after_id, int limit) = 0;
  /// Jobs that wait in front of this one in its tier.
  virtual Result<int> position(const Job& job) = 0;
  virtual Result<std::vector<QueueDepth>> depths() = 0;  ///< indexed by tier

  /// queued -> drawing under a lease; attempts goes up. `conflict` if it is not queued any more.
  virtual Result<Job> begin(std::string_view id, std::string_view owner, TimeUs lease_until, TimeUs now) = 0;
  /// Moves on under the same lease and adds what was kept. `engine_us` is the job's total over all attempts.
  /// `conflict` if the lease is lost.
  virtual Result<void> advance(std::string_view id, std::string_view owner, JobState state,
                               std::span<const KeptStage> kept, int64_t engine_us) = 0;
  virtual Result<void> renew_leases(std::string_view owner, TimeUs lease_until) = 0;
  /// Gives a job back to the queue with what was kept: drain, preemption of the whole process. `engine_us` as
  /// in advance().
  virtual Result<void> release(std::string_view id, std::string_view owner, int64_t engine_us) = 0;
  /// Jobs whose lease ended before `now` (or which `owner_gone` held, whatever their lease says) go back to
  /// the queue; how many. The caller ends those with too many attempts.
  virtual Result<std::vector<Job>> reclaim(TimeUs now, std::string_view owner_gone) = 0;
  /// Every owner that holds a lease.
  virtual Result<std::vector<std::string>> lease_owners() = 0;

  /// The end of a job; billing happens here and nowhere else. Ending what has ended is `conflict`.
  virtual Result<Job> end(const JobEnd& end) = 0;
  /// Marks a job that is being drawn: its worker, or whoever gets it next, will cancel it.
  virtual Result<void> request_cancel(std::string_view id) = 0;
  /// failed, cancelled or expired - or held before it was drawn, and approved since - -> queued, its cost
  /// reserved again, kept stages as they are; it waits anew, so submitted is `now` and attempts are none.
  /// Limits as accept().
  virtual Result<Job> requeue(std::string_view id, int64_t reserved_micros, TimeUs now, TimeUs deadline) = 0;
  /// Forgets kept stages of jobs that have ended (the caller has deleted the objects).
  virtual Result<void> clear_kept(std::string_view id) = 0;
  /// Ended jobs that still have kept stages: those ended before `before`, and any that is stored, which
  /// nobody will resume.
  virtual Result<std::vector<Job>> ended_with_kept(TimeUs before, int limit) = 0;
};

}  // namespace limner
