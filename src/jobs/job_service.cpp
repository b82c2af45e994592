#include "jobs/job_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <mutex>

#include "base/crypto.h"
#include "base/ids.h"
#include "jobs/assessment.h"
#include "jobs/drawing/job_news.h"
#include "jobs/end_wait.h"
#include "jobs/end_watch.h"
#include "jobs/job_inputs.h"
#include "jobs/plain_text.h"
#include "jobs/refusal_counter.h"
#include "jobs/taken_job.h"
#include "jobs/webhook_target.h"
#include "jobs/worker.h"

namespace limner {
namespace {

// What a client of a tenant with too many jobs at once is told to wait: one of them may end at any time.
constexpr double kConcurrentSeconds = 1;

bool is_admin(const Caller& caller) { return caller.key.allows(Scope::admin); }

Error nobodys(std::string_view id, const char* what) {
  return not_found(what, fmt::format("{} is not there", shown(std::string(id))));
}

Error ended_already(const Job& job) {
  return Error{Code::conflict, "job", fmt::format("has ended: {}", job_state_name(job.state)), ""};
}

// 32 bits, as other programs' seeds: every language and every text field can hold them.
uint64_t random_seed() {
  uint64_t seed = 0;
  for (const char byte : random_bytes(4)) seed = seed << 8 | static_cast<uint8_t>(byte);
  return seed;
}

bool draws_here(const Assessment& assessment) { return assessment.plan.route == drawing::Route::engine; }

// Of what was held or refused the ledger knows whether it was approved.
bool may_retry(JobState state) { return has_ended(state) && state != JobState::stored; }

// By a policy, because of its prompt: also whoever sends it again is told so at once.
bool was_refused_at_once(const Job& job) {
  return job.state == JobState::refused && job.error.field == "prompt" && job.attempts == 0;
}

Error refusal_of(const Job& job) {
  return Error{Code::refused, job.error.field, job.error.message,
               fmt::format("POST /v1/jobs/{}/appeal asks a person", job.id)};
}

Job make_job(const Caller& caller, const JobRequest& request, Json written, const Assessment& assessment,
             TimeUs now) {
  Job job;
  job.id = new_id("job");
  job.tenant = caller.tenant.id;
  job.api_key = caller.key.id;
  job.tier = request.tier;
  job.dialect = caller.dialect;
  job.model = billed_model(request, assessment.plan);
  job.prompt = request.params.prompt;
  job.seed = request.params.seed.value_or(0);
  job.count = request.pictures();
  job.request = std::move(written);
  job.tags = request.tags;
  job.request_id = caller.request_id;
  job.traceparent = caller.trace.trace_id.empty() ? "" : caller.trace.traceparent();
  job.webhook_url = request.webhook_url;
  job.submitted = now;
  job.deadline = assessment.deadline;
  job.predicted_seconds = assessment.admission.predicted_seconds;
  job.reserved_micros = assessment.reserved_micros;
  return job;
}

}  // namespace

JobService::JobService(const JobServiceConfig& config, Ledger& ledger, UploadKeeper& uploads,
                       const Catalogue& catalogue, ModelPool& pool, const PriceTable& prices,
                       EventHub& events, Worker& worker, const Clock& clock, Log& log, Metrics& metrics)
    : config_(config),
      ledger_(ledger),
      uploads_(uploads),
      events_(events),
      worker_(worker),
      clock_(clock),
      log_(log),
      refusals_(refusal_counter(metrics)),
      assessor_(std::make_unique<Assessor>(
          Assessor::Parts{config_, uploads, catalogue, pool, prices, worker, clock})) {}

JobService::~JobService() = default;

void JobService::count_refusal(const Error& error) {
  const bool limit = error.code == Code::exhausted && !error.field.empty();
  refusals_.with({limit ? error.field : code_name(error.code)}).add();
}

Result<Submitted> JobService::submit(const Caller& caller, JobRequest request,
                                     const std::optional<Idempotency>& idempotency) {
  Result<Submitted> submitted = take(caller, std::move(request), idempotency);
  if (!submitted) count_refusal(submitted.error());
  return submitted;
}

Result<Submitted> JobService::take(const Caller& caller, JobRequest request,
                                   std::optional<Idempotency> idempotency) {
  if (idempotency && !idempotency->fresh) {
    std::optional<Job> earlier = TRY(ledger_.jobs().find_repeated(*idempotency, clock_.now()));
    idempotency->fresh = earlier && is_worth_repeating(*earlier, idempotency->strict);
    if (earlier && !idempotency->fresh) return describe(std::move(*earlier), true, 0);
  }
  // Dialects fill the request in themselves: here it is held against the same table as JSON is.
  Json written = job_request_to_json(request);
  request = TRY(job_request_from_json(written));
  if (!request.webhook_url.empty() && !config_.webhooks_allow_private)
    TRY(check_webhook_target(request.webhook_url, "webhook_url"));
  const Assessment assessment = TRY(assessor_->assess(caller, caller.tenant.id, request));
  if (draws_here(assessment) && !request.params.seed) {
    request.params.seed = random_seed();
    written = job_request_to_json(request);
  }

  const Job job = make_job(caller, request, std::move(written), assessment, clock_.now());
  TRY(worker_.containment().check(job));
  TRY(check_withheld(worker_.containment(), ledger_.pictures(), request));
  const PolicySubject subject{caller.tenant.name, request.tier};
  const VerdictRow verdict = worker_.policies().ask_prompt(subject, request, assessment.sampling_steps);
  Accepted accepted = TRY(ledger_.jobs().accept(job, idempotency));
  if (!accepted.replayed && verdict.standing != Standing::passed)
    return end_by_policy(accepted.job, verdict, subject);
  if (!accepted.replayed) {
    log_.info("job_accepted", {{"job", accepted.job.id},
                               {"tenant", accepted.job.tenant},
                               {"model", accepted.job.model},
                               {"tier", tier_name(accepted.job.tier)},
                               {"request_id", accepted.job.request_id}});
    if (log_.prompts_allowed())
      log_.info("job_prompt", {{"job", accepted.job.id},
                               {"prompt", accepted.job.prompt},
                               {"request_id", accepted.job.request_id}});
    worker_.submitted(accepted.job, {request, assessment.plan, caller.tenant, verdict});
  }
  return describe(std::move(accepted.job), accepted.replayed, assessment.admission.predicted_wait_seconds);
}

// Whoever hung up has no answer: a repetition with a key asks for the drawing, not for the news that it was
// given up. A guess that a request is a repetition is wrong where repeating it is what helps.
bool JobService::is_worth_repeating(const Job& job, bool strict) const {
  if (drawing::was_given_up(job) || requesters_.given_up(job.id)) return true;
  if (strict) return false;
  return job.state == JobState::cancelled || (job.cancel_requested && !has_ended(job.state)) ||
         (job.state == JobState::failed && job.error.kind == "infrastructure");
}

// Before any engine time is spent. The worker does not know the job: should this process die here, whoever
// takes it from the ledger asks again.
Result<Submitted> JobService::end_by_policy(const Job& job, const VerdictRow& verdict,
                                            const PolicySubject& subject) {
  JobEnd end;
  end.job = job.id;
  end.state = verdict.standing == Standing::held ? JobState::held : JobState::refused;
  end.error = policy_error(verdict);
  end.now = clock_.now();
  end.verdicts = {verdict};
  end.reviewers = worker_.policies().policy_for(subject).reviewers;
  if (!job.webhook_url.empty())
    end.webhook_body = drawing::webhook_body(job, end.state, end.error, {}, end.now);
  Job ended = TRY(ledger_.jobs().end(end));
  log_.info("job_ended", {{"job", ended.id},
                          {"state", job_state_name(ended.state)},
                          {"tenant", ended.tenant},
                          {"request_id", ended.request_id},
                          {"policy", verdict.policy}});
  return describe(std::move(ended), false, 0);
}

Result<Submitted> JobService::describe(Job job, bool replayed, double predicted_wait_seconds) const {
  if (was_refused_at_once(job)) return refusal_of(job);
  Submitted submitted;
  if (job.state == JobState::queued) submitted.position = TRY(ledger_.jobs().position(job));
  submitted.job = std::move(job);
  submitted.replayed = replayed;
  submitted.predicted_wait_seconds = predicted_wait_seconds;
  return submitted;
}

Result<std::optional<Submitted>> JobService::find_repeated(const Idempotency& idempotency) {
  std::optional<Job> earlier = TRY(ledger_.jobs().find_repeated(idempotency, clock_.now()));
  if (!earlier || is_worth_repeating(*earlier, idempotency.strict)) return std::optional<Submitted>();
  Submitted submitted = TRY(describe(std::move(*earlier), true, 0));
  return std::optional<Submitted>(std::move(submitted));
}

Result<Job> JobService::find_job(const Caller& caller, std::string_view id) const {
  if (!is_id(id, "job")) return nobodys(id, "job");
  Result<Job> job = ledger_.jobs().find(id);
  if (!job && job.error().code != Code::not_found) return job;
  if (!job || (job->tenant != caller.tenant.id && !is_admin(caller))) return nobodys(id, "job");
  return job;
}

Result<JobView> JobService::view(Job job) const {
  JobView view;
  view.pictures = TRY(ledger_.pictures().of_job(job.id));
  for (const PictureRow& picture : view.pictures) {
    view.held += picture.standing == Standing::held;
    view.refused += picture.standing == Standing::refused;
  }
  std::erase_if(view.pictures, [](const PictureRow& picture) {
    return picture.deleted != 0 || picture.standing != Standing::passed;
  });
  if (job.state == JobState::queued) view.position = TRY(ledger_.jobs().position(job));
  if (has_ended(job.state)) view.usage = TRY(ledger_.usage().of_job(job.id));
  view.job = std::move(job);
  return view;
}

Result<JobView> JobService::find(const Caller& caller, std::string_view id) {
  Job job = TRY(find_job(caller, id));
  return view(std::move(job));
}

Result<JobPage> JobService::search(const Caller& caller, JobQuery query) {
  if (!is_admin(caller)) query.tenant = caller.tenant.id;
  return ledger_.jobs().search(query);
}

Result<PictureRow> JobService::find_picture(const Caller& caller, std::string_view id) {
  PictureRow picture = TRY(find_drawn(caller, id));
  TRY(check_standing(picture.standing));
  return picture;
}

Result<PictureRow> JobService::find_drawn(const Caller& caller, std::string_view id) const {
  if (!is_id(id, "pic")) return nobodys(id, "picture");
  Result<PictureRow> picture = ledger_.pictures().find(id);
  if (!picture && picture.error().code != Code::not_found) return picture;
  if (!picture || (picture->tenant != caller.tenant.id && !is_admin(caller))) return nobodys(id, "picture");
  if (picture->deleted != 0) return not_found("picture", fmt::format("{} was deleted", id));
  return picture;
}

Result<void> JobService::delete_picture(const Caller& caller, std::string_view id) {
  const PictureRow picture = TRY(find_drawn(caller, id));
  // What waits for a person, or was refused, is evidence: only those who answer for it delete it.
  if (!is_admin(caller)) TRY(check_standing(picture.standing));
  return uploads_.remove(picture.tenant, picture.id, "picture", {"key", caller.key.id});
}

Result<JobView> JobService::cancel(const Caller& caller, std::string_view id) {
  return cancel(caller, id, drawing::cancelled_by_requester());
}

void JobService::hang_up(const Caller& caller, const std::string& id) {
  if (!requesters_.hang_up(id)) return;
  const Result<JobView> cancelled = cancel(caller, id, drawing::given_up_by_requester());
  if (!cancelled) {
    // What has ended already keeps its end.
    if (cancelled.error().code != Code::conflict)
      log_.warning("job_not_cancelled", {{"job", id}, {"error", cancelled.error().text()}});
    return requesters_.settle(id);
  }
  // Its end is written by another thread. From then on the ledger says that it was given up.
  const auto watch = std::make_shared<EndWatch>();
  Result<Waiting> end = when_ended(caller, id, [this, id, watch](const JobView&) {
    requesters_.settle(id);
    watch->let_go();
  });
  if (end)
    watch->keep(std::move(*end));
  else
    requesters_.settle(id);
}

Result<JobView> JobService::cancel(const Caller& caller, std::string_view id, const JobError& reason) {
  const Job job = TRY(find_job(caller, id));
  if (has_ended(job.state)) return ended_already(job);
  // In the ledger first: whoever has the job after a crash cancels it.
  TRY(ledger_.jobs().request_cancel(job.id));
  if (!worker_.cancel(job.id, reason)) TRY(end_queued(job, reason));
  return find(caller, id);
}

// A job that no worker knows; a `conflict` means that one got it meanwhile, and finds that it is to be
// cancelled.
Result<void> JobService::end_queued(const Job& job, const JobError& reason) {
  JobEnd end;
  end.job = job.id;
  end.state = JobState::cancelled;
  end.error = reason;
  end.now = clock_.now();
  if (!job.webhook_url.empty()) end.webhook_body = drawing::webhook_body(job, end.state, reason, {}, end.now);
  const Result<Job> ended = ledger_.jobs().end(end);
  if (!ended) return ended.error().code == Code::conflict ? Result<void>() : ended.error();
  events_.publish(job.id, drawing::finished_event(*ended));
  return {};
}

Result<JobView> JobService::retry(const Caller& caller, std::string_view id) {
  const Job job = TRY(find_job(caller, id));
  if (!may_retry(job.state))
    return Error{Code::conflict, "job", fmt::format("is {}", job_state_name(job.state)),
                 "jobs that failed, were cancelled or expired can be retried"};
  TRY(worker_.containment().check(job));
  if (!job.unreadable.empty()) return unreadable_error(job);
  const JobRequest request = TRY(job_request_from_json(job.request));
  TRY(check_withheld(worker_.containment(), ledger_.pictures(), request));
  const Result<Assessment> assessment = assessor_->assess(caller, job.tenant, request);
  if (!assessment) {
    count_refusal(assessment.error());
    return assessment.error();
  }
  Job again =
      TRY(ledger_.jobs().requeue(job.id, assessment->reserved_micros, clock_.now(), assessment->deadline));
  const int position = TRY(ledger_.jobs().position(again));
  events_.publish(again.id, drawing::queued_event(position));
  worker_.submitted(again);
  return view(std::move(again));
}

Result<EventHub::Subscription> JobService::listen(const Caller& caller, std::string_view id,
                                                  EventHub::Listener listener) {
  TRY(find_job(caller, id));
  const auto told = std::make_shared<EndTold>(listener);
  EventHub::Subscription subscription =
      events_.subscribe(std::string(id), [told, listener = std::move(listener)](const JobEvent& event) {
        if (event.type == "finished")
          told->tell(event);
        else
          listener(event);
      });
  // After subscribing: whoever ended before is seen here, whoever ends later there.
  const Job now = TRY(find_job(caller, id));
  if (has_ended(now.state)) told->tell(drawing::finished_event(now));
  return subscription;
}

Result<JobService::Waiting> JobService::when_ended(const Caller& caller, std::string_view id,
                                                   std::function<void(const JobView&)> done) {
  // What is told if the ledger cannot be read at that moment; the state is then the event's.
  auto known = std::make_shared<const Job>(TRY(find_job(caller, id)));
  const auto told =
      std::make_shared<EndTold>([this, known, done = std::move(done)](const JobEvent& finished) {
        if (finished.ended) return done(*finished.ended);
        Job job = *known;
        if (Result<Job> found = ledger_.jobs().find(job.id); found) job = std::move(*found);
        if (!has_ended(job.state))
          if (const auto state = job_state_from_name(finished.data.value("state", "")); state)
            job.state = *state;
        Result<JobView> ended = view(job);
        done(ended ? *ended : JobView{.job = std::move(job), .pictures = {}, .usage = {}});
      });
  auto subscription = events_.subscribe(std::string(id), [told](const JobEvent& event) {
    if (event.type == "finished") told->tell(event);
  });
  const Job now = TRY(find_job(caller, id));
  if (has_ended(now.state)) told->tell(drawing::finished_event(now));
  return Waiting(std::make_shared<EventHub::Subscription>(std::move(subscription)));
}

std::optional<double> JobService::retry_after(const Error& error) {
  if (error.code != Code::exhausted && error.code != Code::unavailable) return std::nullopt;
  if (error.field == "concurrent_jobs") return kConcurrentSeconds;
  constexpr std::string_view kBefore = "retry after ";
  const size_t at = error.hint.find(kBefore);
  if (at == std::string::npos) return std::nullopt;
  double seconds = 0;
  const char* const from = error.hint.data() + at + kBefore.size();
  const auto [end, failed] = std::from_chars(from, error.hint.data() + error.hint.size(), seconds);
  if (failed != std::errc() || !std::string_view(end).starts_with(" s")) return std::nullopt;
  return seconds;
}

}  // namespace limner
