#pragma once
// Jobs as callers see them: submit, look at, listen to, cancel, retry. What every dialect translates to.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "jobs/caller.h"
#include "jobs/events.h"
#include "jobs/job_request.h"
#include "jobs/job_view.h"
#include "jobs/policy_desk.h"
#include "jobs/requesters.h"
#include "jobs/uploads.h"
#include "ledger/ledger.h"
#include "meter/prices.h"
#include "registry/catalogue.h"
#include "registry/model_pool.h"
#include "schedule/admission.h"

namespace limner {

class Assessor;
class Worker;

struct Submitted {
  Job job;
  int position = 0;
  bool replayed = false;
  double predicted_wait_seconds = 0;
};

struct JobServiceConfig {
  int64_t pixels_max = 2048 * 2048;                     ///< of one picture, hires-fix and upscaling included
  int pictures_max = 100;                               ///< of one job
  int steps_max = 1000;                                 ///< network evaluations of one picture
  int attempts_max = 3;                                 ///< of a job whose worker died
  double default_deadline_seconds[kTiers] = {0, 0, 0};  ///< 0: none
  AdmissionLimits admission;                            ///< memory_bytes must be set
  bool webhooks_allow_private = false;                  ///< for webhooks to the operator's own network
};

/// Thread-safe.
///
/// Money: a job is taken only where tenant and key have room in their budgets for what it may cost at most:
/// pictures and pixels as they will be, engine time and bytes at twice their prediction. That is set aside
/// (Job::reserved_micros), and no job is billed more than was set aside for it, so that budgets hold whatever
/// the predictions are worth.
class JobService {
 public:
  JobService(const JobServiceConfig& config, Ledger& ledger, UploadKeeper& uploads,
             const Catalogue& catalogue, ModelPool& pool, const PriceTable& prices, EventHub& events,
             Worker& worker, const Clock& clock, Log& log, Metrics& metrics);
  ~JobService();

  /// Checks everything that can be known before drawing - names, sizes, rights of key and tenant, the
  /// parameters against the model's card, memory and time - then makes the job durable and tells the worker.
  /// A request without a seed gets one here, so that a retry or a resumed job draws the same. A job whose
  /// prompt a policy refuses is recorded and is a `refused` error, one that it holds is taken and waits.
  /// Errors: as admission, Limits and params say; with Error::code `exhausted` or `unavailable` the hint
  /// "retry after N s" and retry_after() tell when.
  Result<Submitted> submit(const Caller& caller, JobRequest request,
                           const std::optional<Idempotency>& idempotency = std::nullopt);
  /// A repeated request's job, without checking anything else (its inputs may be gone by now). A job that was
  /// cancelled because its requesters hung up is none: it is tried anew. So is, where the repetition is
  /// guessed (Idempotency::strict is false), one that was cancelled or failed by our fault.
  Result<std::optional<Submitted>> find_repeated(const Idempotency& idempotency);

  /// Jobs, pictures of other tenants are `not_found`; admins see all.
  Result<JobView> find(const Caller& caller, std::string_view id);
  Result<JobPage> search(const Caller& caller, JobQuery query);
  Result<PictureRow> find_picture(const Caller& caller, std::string_view id);
  /// Within a step. Ended jobs: `conflict`.
  Result<JobView> cancel(const Caller& caller, std::string_view id);
  /// One more waits for the job on a connection, until hang_up() or let_go(). False, and nobody is counted,
  /// where the last of those who waited has just hung up: submitting anew gives another job.
  bool join(const std::string& id) { return requesters_.join(id); }
  /// Who joined has an answer.
  void let_go(const std::string& id) { requesters_.leave(id); }
  /// Who joined is gone: cancels the job unless another waits for it.
  void hang_up(const Caller& caller, const std::string& id);
  /// failed, cancelled, expired - or held or refused before it was drawn, and approved since: again, from the
  /// last kept stage. Others: `conflict`.
  Result<JobView> retry(const Caller& caller, std::string_view id);
  /// Deletes a picture (row, then object). `conflict` under a legal hold.
  Result<void> delete_picture(const Caller& caller, std::string_view id);

  /// Calls `listener` with what happens from now on; a job that has ended gets its "finished" at once.
  /// Listeners only hand on. Errors as find().
  Result<EventHub::Subscription> listen(const Caller& caller, std::string_view id,
                                        EventHub::Listener listener);
  /// Calls `done` once with the ended job, on another thread or at once. Dropping the handle forgets `done`.
  using Waiting = std::shared_ptr<void>;
  Result<Waiting> when_ended(const Caller& caller, std::string_view id,
                             std::function<void(const JobView&)> done);

  /// Seconds that an error's client should wait, if the error is one to wait for.
  static std::optional<double> retry_after(const Error& error);
  const JobServiceConfig& config() const { return config_; }

 private:
  Result<Submitted> take(const Caller& caller, JobRequest request, std::optional<Idempotency> idempotency);
  Result<Submitted> end_by_policy(const Job& job, const VerdictRow& verdict, const PolicySubject& subject);
  Result<Submitted> describe(Job job, bool replayed, double predicted_wait_seconds) const;
  Result<PictureRow> find_drawn(const Caller& caller, std::string_view id) const;
  Result<Job> find_job(const Caller& caller, std::string_view id) const;
  Result<JobView> view(Job job) const;
  bool is_worth_repeating(const Job& job, bool strict) const;
  Result<JobView> cancel(const Caller& caller, std::string_view id, const JobError& reason);
  Result<void> end_queued(const Job& job, const JobError& reason);
  void count_refusal(const Error& error);

  JobServiceConfig config_;
  Ledger& ledger_;
  UploadKeeper& uploads_;
  EventHub& events_;
  Worker& worker_;
  const Clock& clock_;
  Log& log_;
  MetricFamily<Counter>& refusals_;
  Requesters requesters_;
  std::unique_ptr<Assessor> assessor_;
};

}  // namespace limner
