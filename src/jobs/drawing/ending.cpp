#include "jobs/drawing/ending.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "jobs/drawing/bill.h"
#include "jobs/drawing/job_news.h"
#include "jobs/drawing/job_spans.h"
#include "jobs/drawing/persist.h"

namespace limner::drawing {
namespace {

std::vector<PictureRow> passed(std::vector<PictureRow> pictures) {
  std::erase_if(pictures, [](const PictureRow& picture) { return picture.standing != Standing::passed; });
  return pictures;
}

}  // namespace

Ending::Ending(WorkerContext& context, DrawingQueue& queue, KeptStages& kept, WorkThreads& threads,
               std::function<void(const ActiveJobRef&)> let_go)
    : context_(context), queue_(queue), kept_(kept), threads_(threads), let_go_(std::move(let_go)) {}

bool Ending::end(const ActiveJobRef& job, JobState state, JobError error) {
  if (!job->claim_end()) return false;
  queue_.remove(*job);
  let_go_(job);
  threads_.post([this, job, state, error = std::move(error)] { end_now(job, {state, error}); });
  return true;
}

bool Ending::fail(const ActiveJobRef& job, JobError error) {
  return end(job, JobState::failed, std::move(error));
}

void Ending::store(const ActiveJobRef& job) {
  if (!job->claim_end()) return;
  queue_.remove(*job);
  end_now(job, end_of_drawn(*job));
}

// What was drawn is given out as far as policies let it pass; while a person is to look at one of the
// pictures, the job is held.
Ending::End Ending::end_of_drawn(ActiveJob& job) {
  const std::lock_guard lock(job.mutex);
  const auto are = [&](Standing standing) {
    return std::ranges::count(job.pictures, standing, &PictureRow::standing);
  };
  if (are(Standing::held) > 0) return {JobState::held, {}, true};
  if (are(Standing::passed) > 0) return {JobState::stored, {}, true};
  const auto objection = std::ranges::find_if(job.verdicts, [](const VerdictRow& verdict) {
    return verdict.stage == VerdictStage::output && verdict.standing == Standing::refused;
  });
  return {JobState::refused, objection == job.verdicts.end() ? JobError{} : policy_error(*objection), true};
}

void Ending::drop(const ActiveJobRef& job) {
  if (!job->claim_end()) return;
  queue_.remove(*job);
  let_go_(job);
  context_.jobs->forget(*job);
}

void Ending::give_back(const ActiveJobRef& job) {
  if (!job->claim_end()) return;
  queue_.remove(*job);
  let_go_(job);
  job->wait_for_engine();
  if (job->lease.settled() == Lease::State::held) {
    const Result<void> released = persist(context_, "release", context_.config.lease_seconds, [&] {
      return context_.parts.ledger.jobs().release(job->job.id, context_.config.owner, job->engine_us);
    });
    if (!released)
      context_.parts.log.warning("job_not_given_back",
                                 {{"job", job->job.id}, {"error", released.error().text()}});
  }
  remove_pictures(*job);
  context_.jobs->forget(*job);
}

void Ending::end_now(const ActiveJobRef& job, End end) {
  const TimeUs started = context_.parts.clock.now();
  const bool with_pictures = end.with_pictures;
  JobEnd row = row_of(*job, std::move(end));
  const int64_t cost_micros = row.usage.cost_micros;
  const Result<Job> ended = write(*job, row);
  if (ended) {
    announce(job, *ended, cost_micros, view_of(*job, *ended, row));
    if (with_pictures)
      kept_.remove(*job);
    else
      remove_pictures(*job);
    take_stage_span(context_, *job, "end", started);
  } else if (context_.stop.stopped()) {
    return;  // The lease runs out, and whoever gets the job then ends it.
  } else if (ended.error().code == Code::conflict) {
    // Lost, or ended already: perhaps by us, in a commit whose answer we did not get.
    const Result<Job> found = context_.parts.ledger.jobs().find(job->job.id);
    if (found && has_ended(found->state)) announce(job, *found, 0);
  } else if (with_pictures) {
    return end_now(job, {JobState::failed, job_error(ended.error(), "infrastructure")});
  } else {
    context_.parts.log.error("job_not_ended", {{"job", job->job.id}, {"error", ended.error().text()}});
  }
  context_.jobs->forget(*job);
}

JobEnd Ending::row_of(ActiveJob& job, End end) {
  job.wait_for_engine();
  JobEnd row;
  row.job = job.job.id;
  row.state = end.state;
  row.error = std::move(end.error);
  row.now = context_.parts.clock.now();
  {
    const std::lock_guard lock(job.mutex);
    if (end.with_pictures) {
      row.pictures = job.pictures;
      row.drawn_by = job.version().drawn_by;
    }
    // Of pictures that are not kept nothing is said.
    for (const VerdictRow& verdict : job.verdicts)
      if (end.with_pictures || !is_id(verdict.subject, "pic") || verdict.stage != VerdictStage::output)
        row.verdicts.push_back(verdict);
  }
  row.reviewers = context_.policies.policy_for(job.policy_subject()).reviewers;
  row.usage = bill(context_.parts.prices, job, row.state, row.error, row.pictures);
  if (!job.job.webhook_url.empty())
    row.webhook_body = webhook_body(job.job, row.state, row.error, passed(row.pictures), row.now);
  return row;
}

// A full disk or a database that is away: for as long as it takes. What was drawn is neither lost nor billed
// twice.
Result<Job> Ending::write(ActiveJob& job, JobEnd& end) {
  return persist(context_, "end", kForever, [&]() -> Result<Job> {
    for (;;) {
      const Lease::State lease = job.lease.settled();
      if (lease == Lease::State::lost) return Error{Code::conflict, "lease", "is lost", ""};
      end.owner = lease == Lease::State::held ? context_.config.owner : "";
      Result<Job> ended = context_.parts.ledger.jobs().end(end);
      const bool begun_meanwhile = !ended && ended.error().code == Code::conflict &&
                                   lease == Lease::State::none && job.lease.state() != Lease::State::none;
      if (!begun_meanwhile) return ended;
    }
  });
}

// Null where nobody waits, or where the ledger may know more: a job that was put back may have been charged
// before.
std::shared_ptr<const JobView> Ending::view_of(ActiveJob& job, const Job& ended, JobEnd& end) {
  const bool first_time = job.job.engine_us == 0 && job.job.attempts == 0;
  if (end.state != JobState::stored || !first_time || !context_.parts.events.listened(ended.id))
    return nullptr;
  if (!std::ranges::all_of(end.pictures,
                           [](const PictureRow& picture) { return picture.standing == Standing::passed; }))
    return nullptr;
  auto view = std::make_shared<JobView>();
  view->job = ended;
  view->usage = std::move(end.usage);
  UsageRow& usage = *view->usage;
  usage.job = ended.id;
  usage.tenant = ended.tenant;
  usage.api_key = ended.api_key;
  usage.model = ended.model;
  usage.tier = tier_name(ended.tier);
  usage.state = job_state_name(ended.state);
  usage.tags = ended.tags;
  usage.finished = ended.finished;
  view->pictures = std::move(end.pictures);
  const std::lock_guard lock(job.mutex);
  if (job.files_at_hand.size() == view->pictures.size())
    for (auto& [position, file] : job.files_at_hand) view->files.push_back(std::move(file));
  return view;
}

void Ending::announce(const ActiveJobRef& job, const Job& ended, int64_t cost_micros,
                      std::shared_ptr<const JobView> view) {
  JobEvent finished = finished_event(ended);
  finished.ended = std::move(view);
  context_.parts.events.publish(job->job.id, finished);
  count(*job, ended, cost_micros);
  if (context_.parts.ended) context_.parts.ended(ended);
  take_job_span(context_, *job, ended);
  context_.parts.log.info("job_ended", {{"job", ended.id},
                                        {"state", job_state_name(ended.state)},
                                        {"tenant", ended.tenant},
                                        {"request_id", ended.request_id},
                                        {"engine_us", ended.engine_us},
                                        {"error", ended.error.code}});
}

void Ending::count(const ActiveJob& job, const Job& ended, int64_t cost_micros) {
  WorkerMetrics& metrics = context_.metrics;
  const std::string tier = tier_name(ended.tier);
  metrics.jobs.with({tier, ended.model, job_state_name(ended.state)}).add();
  if (ended.state == JobState::stored)
    metrics.job_seconds.with({tier, ended.model, operation_of(job.request)})
        .observe(static_cast<double>(ended.finished - ended.submitted) / kSecondUs);
  if (ended.error.kind == "model") metrics.model_errors.with({ended.model}).add();
  if (ended.error.kind == "infrastructure") metrics.infrastructure_errors.with({"job"}).add();
  if (cost_micros > 0)
    metrics.cost_micros.with({ended.tenant, ended.model}).add(static_cast<double>(cost_micros));
}

void Ending::remove_pictures(ActiveJob& job) {
  std::vector<PictureRow> pictures;
  {
    const std::lock_guard lock(job.mutex);
    pictures.swap(job.pictures);
  }
  for (const PictureRow& picture : pictures)
    if (const Result<void> removed = context_.parts.store.remove(picture.key); !removed)
      context_.parts.log.warning("picture_not_removed",
                                 {{"job", job.job.id}, {"error", removed.error().text()}});
}

}  // namespace limner::drawing
