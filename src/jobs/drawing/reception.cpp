#include "jobs/drawing/reception.h"

#include <fmt/format.h>

#include <utility>

#include "jobs/drawing/enlarging.h"
#include "jobs/drawing/intake.h"
#include "jobs/drawing/job_news.h"
#include "jobs/drawing/job_spans.h"
#include "jobs/drawing/remote_drawing.h"

namespace limner::drawing {
namespace {

Result<std::filesystem::path> no_uploads(const std::string& id) {
  return not_found("loras", fmt::format("{} was not read", id));
}

}  // namespace

void Reception::receive(const Job& from_ledger) {
  if (context_.draining) return;  // It stays in the ledger's queue, for whoever comes after us.
  auto job = std::make_shared<ActiveJob>(from_ledger);
  begin(*job);
  const Result<void> readable = read(*job);
  if (!context_.jobs->add(job)) return;
  if (!readable) {
    ending_.fail(job, job_error(readable.error()));
    return;
  }
  if (!admit(job) || end_by_policy(job)) return;
  if (needs_files(job->request) || !job->job.kept.empty()) {
    rooms_.intake->accept(job);
    return;
  }
  Result<JobPlan> plan = plan_or_fall_back(context_.parts.catalogue, job->request, {}, no_uploads);
  if (!plan) {
    ending_.fail(job, job_error(plan.error()));
    return;
  }
  job->set_plan(std::move(plan).value());
  dispatch(job);
}

// Asked again of what comes from the ledger: the policy may be another than when it was accepted, and a
// server that was killed may not have got to asking.
bool Reception::end_by_policy(const ActiveJobRef& job) {
  VerdictRow verdict = context_.policies.ask_prompt(job->policy_subject(), job->request,
                                                    sampling_steps(context_.parts.catalogue, job->request));
  const Standing standing = verdict.standing;
  if (standing != Standing::passed) {
    const Result<bool> approved =
        context_.parts.ledger.reviews().approved(job->job.id, VerdictStage::prompt, "");
    if (approved && *approved) return false;
  }
  const JobError error = policy_error(verdict);
  job->add_verdict(std::move(verdict));
  if (standing == Standing::passed) return false;
  return ending_.end(job, standing == Standing::held ? JobState::held : JobState::refused, error);
}

void Reception::receive(const Job& accepted, const TakenJob& taken) {
  if (context_.draining) return;
  auto job = std::make_shared<ActiveJob>(accepted);
  begin(*job);
  job->job.request = nullptr;
  job->request = taken.request;
  job->tenant_weight = taken.tenant.weight;
  job->tenant_name = taken.tenant.name;
  job->add_verdict(taken.verdict);
  if (!context_.jobs->add(job) || !admit(job)) return;
  if (needs_files(taken.request)) {
    rooms_.intake->accept(job);
    return;
  }
  job->set_plan(taken.plan);
  dispatch(job);
}

// False if it was ended instead.
bool Reception::admit(const ActiveJobRef& job) {
  if (end_stopped(job)) return false;
  if (job->job.cancel_requested) {
    ending_.end(job, JobState::cancelled, cancelled_by_requester());
    return false;
  }
  // What kills a worker each time must not do so for ever.
  if (job->job.attempts >= context_.config.attempts_max) {
    ending_.fail(
        job, {code_name(Code::internal), "",
              fmt::format("was begun {} times and never ended", job->job.attempts), "", "infrastructure"});
    return false;
  }
  return true;
}

bool Reception::end_stopped(const ActiveJobRef& job) {
  if (!context_.containment.any() || job->ended()) return false;
  DrawingFacts facts = facts_of(job->job, job->request);
  facts.models.push_back(job->plan()->model);
  const std::optional<Incident> incident = context_.containment.stop(facts);
  return incident && ending_.end(job, JobState::refused,
                                 job_error(stopped_by(*incident, context_.parts.clock.now()), "request"));
}

void Reception::begin(ActiveJob& job) {
  begin_trace(job);
  job.engine_us = job.job.engine_us;
  job.kept = job.job.kept;
  job.engine_seconds = &context_.metrics.engine_seconds.with({job.job.tenant, job.job.model});
}

Result<void> Reception::read(ActiveJob& job) {
  if (!job.job.unreadable.empty()) return unreadable_error(job.job);
  job.request = TRY(job_request_from_json(std::exchange(job.job.request, nullptr)));
  const Result<Tenant> tenant = context_.parts.ledger.tenants().find(job.job.tenant);
  // Without its name it is not known which policy is the tenant's.
  if (!tenant) return tenant.error();
  job.tenant_weight = tenant->weight;
  job.tenant_name = tenant->name;
  return {};
}

void Reception::dispatch(const ActiveJobRef& job) {
  // Now it is known who draws it: nothing falls back to a model that is stopped.
  if (end_stopped(job)) return;
  switch (job->plan()->route) {
    case Route::engine:
      queue_.add(job);
      if (job->ended()) queue_.remove(*job);  // by somebody who did not find it there yet
      inbox_.wake();
      return;
    case Route::upscaler:
      return rooms_.enlarging->accept(job);
    case Route::provider:
      return rooms_.remote->accept(job);
  }
}

bool Reception::fall_back(const ActiveJobRef& job) {
  const std::shared_ptr<const JobPlan> failed = job->plan();
  if (failed->fallback.empty()) return false;
  JobRequest request = job->request;
  request.model = failed->fallback;
  const auto uploaded = [&](const std::string& id) -> Result<std::filesystem::path> {
    const auto found = job->files.loras.find(id);
    return found == job->files.loras.end() ? no_uploads(id) : found->second;
  };
  Result<JobPlan> plan =
      plan_job(context_.parts.catalogue, request, input_sizes(job->files.inputs), uploaded);
  if (!plan) return false;
  // A chain of fallbacks could be a ring.
  plan->fallback.clear();
  context_.parts.log.warning("fallback",
                             {{"job", job->job.id}, {"model", failed->model}, {"fallback", plan->model}});
  queue_.remove(*job);
  job->set_plan(std::move(plan).value());
  dispatch(job);
  return true;
}

}  // namespace limner::drawing
