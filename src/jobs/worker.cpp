#include "jobs/worker.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "jobs/drawing/engine_thread.h"
#include "jobs/drawing/enlarging.h"
#include "jobs/drawing/intake.h"
#include "jobs/drawing/job_news.h"
#include "jobs/drawing/model_watch.h"
#include "jobs/drawing/persist.h"
#include "jobs/drawing/profile_file.h"
#include "jobs/drawing/reception.h"
#include "jobs/drawing/remote_drawing.h"
#include "jobs/drawing/scrape.h"
#include "jobs/drawing/upkeep.h"

namespace limner {
namespace {

constexpr int kQueuedPage = 500;
// Uploaded LoRAs lie on this disk as they are: those that no job has named for a day go, and are fetched
// again when one does.
constexpr double kScratchSeconds = 600, kScratchAge = 86'400;
constexpr double kContainSeconds = 0.2, kPositionSeconds = 1, kLoadingSeconds = 0.5, kProfileSeconds = 60;

}  // namespace

/// The parts of a worker, and how they are joined.
struct Worker::Core {
  Core(const WorkerConfig& config, const Parts& parts);
  ~Core();

  drawing::ActiveJobRef find(const std::string& job) const { return context.jobs->find(job); }
  void let_go(const drawing::ActiveJobRef& job);
  void wake_all();
  Result<void> reclaim(std::string_view owner_gone);
  Result<void> receive_queued();
  void renew();
  Result<int> contain();
  void watch_incidents();
  void tell_positions();
  void write_profile() { drawing::write_profile(context.config.profile, queue.profile(), context.parts.log); }

  drawing::WorkerContext context;
  drawing::DrawingQueue queue;
  drawing::EngineInbox inbox;
  drawing::EngineUse use;
  std::shared_ptr<drawing::Metering> metering;
  drawing::KeptStages kept;
  drawing::WorkThreads threads;
  drawing::Ending ending;
  drawing::Finishing finishing;
  drawing::Previews previews;
  drawing::Leases leases;
  drawing::Reception reception;
  drawing::Intake intake;
  drawing::Enlarging enlarging;
  drawing::RemoteDrawing remote;
  drawing::EngineThread engine;
  std::shared_ptr<drawing::ModelWatch> watch;
  drawing::Upkeep upkeep;
  uint64_t positions_told = 0;  ///< ActiveJobs::line_changes() then
  bool started = false;
  std::mutex containing;  ///< who asks after another waits until that one has ended what is to end
};

Worker::Core::Core(const WorkerConfig& config, const Parts& parts)
    : context(config, parts),
      queue(config.scheduler, drawing::read_profile(config.profile, parts.log), parts.pool),
      metering(std::make_shared<drawing::Metering>(context)),
      kept(context),
      threads(config.finishers),
      ending(context, queue, kept, threads, [this](const drawing::ActiveJobRef& job) { let_go(job); }),
      finishing(context, ending, kept, threads,
                [this] {
                  inbox.wake();
                  remote.wake();
                }),
      previews(context, threads, ending),
      leases(context,
             {[this](const drawing::ActiveJobRef& job) { ending.drop(job); }, [this] { intake.wake(); }}),
      reception(context, queue, inbox, ending),
      intake(context, queue, kept, ending,
             [this](const drawing::ActiveJobRef& job) { reception.dispatch(job); }),
      enlarging(context, queue, leases, ending, finishing, *metering, use),
      remote(context, queue, leases, ending, finishing,
             [this](const drawing::ActiveJobRef& job) { return reception.fall_back(job); }),
      engine(context, {queue, inbox, leases, ending, finishing, *metering, previews, use,
                       [this](const drawing::ActiveJobRef& job) { return reception.fall_back(job); }}),
      watch(std::make_shared<drawing::ModelWatch>(context, queue, inbox)),
      upkeep(context.stop,
             {{config.lease_seconds / 3, [this] { renew(); }},
              {kContainSeconds, [this] { watch_incidents(); }},
              {kPositionSeconds, [this] { tell_positions(); }},
              {kLoadingSeconds, [this] { watch->tell_progress(); }},
              {kProfileSeconds, [this] { write_profile(); }},
              {kScratchSeconds, [this] { drop_old_files(context.config.scratch, kScratchAge); }}}) {
  finishing.set_enlarger([this](drawing::DrawnPicture picture) { enlarging.accept(std::move(picture)); });
  reception.set_rooms({&intake, &enlarging, &remote});
  watch->attach();
  drawing::refresh_gauges_at_scrape(context, metering);
}

// In the order in which work flows, so that nothing is handed to what is gone. Jobs in work keep their
// leases: whoever gets them after that draws them.
Worker::Core::~Core() {
  context.stop.stop();
  upkeep.join();
  watch->detach();
  intake.join();
  remote.join();
  engine.join();
  enlarging.join();
  leases.stop();
  threads.stop();
  if (started) write_profile();
}

void Worker::Core::let_go(const drawing::ActiveJobRef& job) {
  inbox.let_go(job);
  wake_all();
}

void Worker::Core::wake_all() {
  inbox.wake();
  intake.wake();
  enlarging.wake();
  remote.wake();
}

Result<void> Worker::Core::reclaim(std::string_view owner_gone) {
  const std::vector<Job> jobs =
      TRY(context.parts.ledger.jobs().reclaim(context.parts.clock.now(), owner_gone));
  for (const Job& job : jobs) {
    // Ours, with a lease that we could not renew in time.
    if (const drawing::ActiveJobRef ours = find(job.id)) ending.drop(ours);
    context.parts.log.info("job_reclaimed", {{"job", job.id}, {"attempts", job.attempts}});
    if (started) reception.receive(job);
  }
  return {};
}

Result<void> Worker::Core::receive_queued() {
  std::string last;
  for (;;) {
    const std::vector<Job> page = TRY(context.parts.ledger.jobs().queued(last, kQueuedPage));
    for (const Job& job : page) reception.receive(job);
    if (page.size() < kQueuedPage) return {};
    last = page.back().id;
  }
}

// First ours, so that none of them is taken for abandoned.
void Worker::Core::renew() {
  leases.renew();
  if (const Result<void> reclaimed = reclaim(""); !reclaimed)
    context.parts.log.warning("jobs_not_reclaimed", {{"error", reclaimed.error().text()}});
}

// What is known of incidents changes before jobs are looked at: one that comes meanwhile is looked at by the
// reception.
Result<int> Worker::Core::contain() {
  const std::lock_guard lock(containing);
  const bool more = TRY(context.containment.refresh());
  int ended = 0;
  if (!more) return ended;
  for (const drawing::ActiveJobRef& job : context.jobs->all()) ended += reception.end_stopped(job);
  context.parts.log.warning("incident_contained", {{"jobs", ended}});
  return ended;
}

void Worker::Core::watch_incidents() {
  if (const Result<int> contained = contain(); !contained)
    context.parts.log.warning("incidents_not_read", {{"error", contained.error().text()}});
}

void Worker::Core::tell_positions() {
  const uint64_t changes = context.jobs->line_changes();
  if (changes == positions_told || context.parts.events.listeners() == 0) return;
  positions_told = changes;
  for (TierNumber tier = 0; tier < kTierCount; ++tier) {
    int position = 0;
    for (const std::string& job : context.jobs->line(tier)) {
      if (context.parts.events.listened(job))
        context.parts.events.publish(job, drawing::queued_event(position));
      ++position;
    }
  }
}

Worker::Worker(const WorkerConfig& config, const Parts& parts)
    : core_(std::make_unique<Core>(config, parts)) {}

Worker::~Worker() = default;

Result<void> Worker::start() {
  TRY(core_->contain());
  const std::vector<std::string> owners = TRY(core_->context.parts.ledger.jobs().lease_owners());
  for (const std::string& owner : owners)
    if (owner != core_->context.config.owner) TRY(core_->reclaim(owner));
  TRY(core_->receive_queued());
  core_->started = true;
  core_->intake.start();
  core_->enlarging.start();
  core_->remote.start();
  core_->engine.start();
  core_->upkeep.start();
  return {};
}

void Worker::submitted(const Job& job) { core_->reception.receive(job); }

void Worker::submitted(const Job& job, const TakenJob& taken) { core_->reception.receive(job, taken); }

bool Worker::cancel(const std::string& job) { return cancel(job, drawing::cancelled_by_requester()); }

bool Worker::cancel(const std::string& job, const JobError& reason) {
  const drawing::ActiveJobRef active = core_->find(job);
  return active && core_->ending.end(active, JobState::cancelled, reason);
}

Result<int> Worker::contain() { return core_->contain(); }

const Containment& Worker::containment() const { return core_->context.containment; }

const PolicyDesk& Worker::policies() const { return core_->context.policies; }

const PictureMarker* Worker::marker() const { return core_->context.parts.marker; }

void Worker::set_paused(TierNumber tier, bool paused) {
  core_->queue.set_paused(tier, paused);
  core_->wake_all();
}

void Worker::drain(double seconds) {
  drawing::WorkerContext& context = core_->context;
  context.draining = true;
  for (const drawing::ActiveJobRef& job : context.jobs->all())
    if (!job->begun) core_->queue.remove(*job);
  context.jobs->wait_until_none_begun(seconds);
  if (!core_->started || context.jobs->begun().empty()) return;
  for (const drawing::SavedPicture& saved : core_->inbox.put_away().get()) {
    const Result<void> kept = core_->kept.keep(*saved.job, saved.picture, saved.state, JobState::drawing);
    if (!kept)
      context.parts.log.warning("latents_not_kept",
                                {{"job", saved.job->job.id}, {"error", kept.error().text()}});
  }
  for (const drawing::ActiveJobRef& job : context.jobs->begun()) core_->ending.give_back(job);
}

void Worker::stop() { core_->context.stop.stop(); }

WorkerStatus Worker::status() const {
  WorkerStatus status;
  for (TierNumber tier = 0; tier < kTierCount; ++tier) {
    status.waiting[tier] = core_->context.jobs->waiting(tier).jobs;
    status.paused[tier] = core_->queue.paused(tier);
  }
  status.open = core_->engine.open_count();
  status.busy_seconds = core_->metering->busy_seconds();
  status.draining = core_->context.draining;
  return status;
}

JobProgress Worker::progress(const std::string& id) const {
  JobProgress progress;
  const drawing::ActiveJobRef job = core_->find(id);
  if (!job) return progress;
  progress.drawing = job->begun;
  progress.picture = job->pictures_done;
  progress.pictures = job->request.pictures();
  progress.step = job->step;
  progress.steps = job->steps;
  const int whole = progress.pictures - job->pictures_drawn - (progress.drawing ? 1 : 0);
  progress.seconds_left =
      core_->queue.predict(*job->plan(), std::max(0, progress.steps - progress.step), std::max(0, whole));
  return progress;
}

Scheduler::Forecast Worker::forecast(const DrawingEntry& entry) const {
  return core_->queue.forecast(entry, core_->context.parts.clock.now());
}

CostProfile Worker::profile() const { return core_->queue.profile(); }

}  // namespace limner
