#include "jobs/drawing/leases.h"

#include <utility>

#include "jobs/drawing/job_news.h"
#include "jobs/drawing/persist.h"

namespace limner::drawing {
namespace {

// Writes of several threads share a commit: with two, the leases of small jobs do not queue behind each
// other's syncs.
constexpr int kThreads = 2;

}  // namespace

Leases::Leases(WorkerContext& context, Told told)
    : context_(context), told_(std::move(told)), threads_(kThreads) {}

void Leases::begin(const ActiveJobRef& job) {
  if (!job->lease.ask()) return;
  threads_.post([this, job] { take(job); });
  context_.jobs->begin(*job);
  const TimeUs waited = context_.parts.clock.now() - job->job.submitted;
  context_.metrics.queue_wait_seconds.with({tier_name(job->job.tier)})
      .observe(static_cast<double>(waited) / kSecondUs);
  context_.parts.events.publish(job->job.id, started_event());
  told_.begun();
}

void Leases::take(const ActiveJobRef& job) {
  const Result<Job> begun = persist(context_, "begin", kForever, [&] {
    return context_.parts.ledger.jobs().begin(job->job.id, context_.config.owner, context_.lease_until(),
                                              context_.parts.clock.now());
  });
  job->lease.answer(begun.has_value());
  if (begun) return;
  if (begun.error().code != Code::conflict && !context_.stop.stopped())
    context_.parts.log.error("lease_not_taken", {{"job", job->job.id}, {"error", begun.error().text()}});
  told_.lost(job);
}

void Leases::renew() {
  const Result<void> renewed =
      context_.parts.ledger.jobs().renew_leases(context_.config.owner, context_.lease_until());
  if (!renewed) context_.parts.log.warning("leases_not_renewed", {{"error", renewed.error().text()}});
}

void Leases::stop() {
  threads_.stop();
  // Who waits for a lease that nobody takes any more must not wait for ever.
  for (const ActiveJobRef& job : context_.jobs->all()) job->lease.give_up();
}

}  // namespace limner::drawing
