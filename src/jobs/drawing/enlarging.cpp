#include "jobs/drawing/enlarging.h"

#include <algorithm>
#include <utility>

#include "jobs/drawing/caught.h"
#include "jobs/drawing/job_news.h"
#include "jobs/drawing/job_spans.h"

namespace limner::drawing {

Enlarging::Enlarging(WorkerContext& context, DrawingQueue& queue, Leases& leases, Ending& ending,
                     Finishing& finishing, Metering& metering, EngineUse& use)
    : context_(context),
      queue_(queue),
      leases_(leases),
      ending_(ending),
      finishing_(finishing),
      metering_(metering),
      use_(use) {}

Enlarging::~Enlarging() { join(); }

void Enlarging::start() {
  thread_ = std::thread([this] { run(); });
}

void Enlarging::join() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Enlarging::accept(const ActiveJobRef& job) {
  DrawnPicture picture;
  picture.job = job;
  accept(std::move(picture));
}

void Enlarging::accept(DrawnPicture picture) {
  {
    const std::lock_guard lock(mutex_);
    const ActiveJob& job = *picture.job;
    const Order order{job.tier(), job.job.submitted, job.job.id, picture.picture};
    waiting_.emplace(order, std::move(picture));
  }
  wake();
}

void Enlarging::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return;
    woken_ = true;
  }
  wake_.notify_one();
}

void Enlarging::run() {
  while (std::optional<DrawnPicture> picture = next()) work_on(std::move(*picture));
}

void Enlarging::work_on(DrawnPicture picture) {
  const ActiveJobRef job = picture.job;
  const TimeUs started = context_.parts.clock.now();
  if (!job->ended()) begin(picture);
  const Result<void> enlarged = enlarge(picture);
  take_stage_span(context_, *job, "enlarge", started, enlarged ? nullptr : &enlarged.error());
  if (enlarged) return finishing_.enlarged(std::move(picture));
  finishing_.give_up(picture);
  if (!context_.stop.stopped()) ending_.fail(job, job_error(enlarged.error()));
}

// Waits for a picture; nothing when the worker stops.
std::optional<DrawnPicture> Enlarging::next() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (context_.stop.stopped()) return std::nullopt;
    woken_ = false;
    const auto found =
        std::ranges::find_if(waiting_, [this](const auto& entry) { return may_begin(entry.second); });
    if (found != waiting_.end()) {
      DrawnPicture picture = std::move(found->second);
      waiting_.erase(found);
      return picture;
    }
    wake_.wait(lock, [this] { return woken_; });
  }
}

// Those that wait are in order of their tiers.
std::optional<DrawnPicture> Enlarging::take_more_urgent_than(TierNumber tier) {
  const std::lock_guard lock(mutex_);
  for (auto at = waiting_.begin(); at != waiting_.end() && at->second.job->tier() < tier; ++at) {
    if (!may_begin(at->second)) continue;
    DrawnPicture picture = std::move(at->second);
    waiting_.erase(at);
    return picture;
  }
  return std::nullopt;
}

// A tile is followed by as much of the engine's work as the tiers' shares are apart: what is urgent goes
// first, and what is not goes on all the same.
void Enlarging::give_way(const ActiveJob& job, double tile_seconds) {
  while (!job.ended() && !context_.stop.stopped()) {
    std::optional<DrawnPicture> urgent = take_more_urgent_than(job.tier());
    if (!urgent) break;
    work_on(std::move(*urgent));
  }
  const TierNumber ahead = use_.tier();
  if (ahead >= job.tier()) return;
  const auto& weights = context_.config.scheduler.weights;
  use_.wait_behind(job.tier(), tile_seconds * weights[ahead] / weights[job.tier()],
                   [&] { return job.ended() || context_.stop.stopped(); });
}

bool Enlarging::may_begin(const DrawnPicture& picture) const {
  const ActiveJob& job = *picture.job;
  return job.begun || job.ended() || (!context_.draining && !queue_.paused(job.tier()));
}

// A picture that was not drawn here is the one its job brought.
void Enlarging::begin(DrawnPicture& picture) {
  if (!picture.pixels.empty()) return;
  ActiveJob& job = *picture.job;
  leases_.begin(picture.job);
  picture.pixels = job.files.inputs.init;
  picture.texts = job.files.source_texts;
  job.pictures_drawn = 1;
}

Result<void> Enlarging::enlarge(DrawnPicture& picture) {
  ActiveJob& job = *picture.job;
  if (!job.enter_engine()) return Error{Code::cancelled, "", "the job has ended", ""};
  // From tile to tile: what is done in between is others'.
  std::optional<Metering::Stretch> stretch = metering_.begin();
  UpscaleRequest request;
  request.upscaler = job.plan()->upscaler;
  request.dtype = job.request.dtype;
  request.progress = [&](int done, int total) {
    const double seconds = metering_.book(job, *stretch);
    stretch.reset();
    job.step = done;
    job.steps = total;
    if (context_.parts.events.listened(job.job.id))
      context_.parts.events.publish(job.job.id, step_event(picture.picture, done, total));
    if (done < total) give_way(job, seconds);
    if (context_.stop.stopped() || !job.enter_engine()) return false;
    stretch.emplace(metering_.begin());
    return true;
  };
  Result<Picture> large = caught("enlarging", [&] { return upscale(picture.pixels, request); });
  if (stretch) metering_.book(job, *stretch);
  if (!large) return std::move(large).error();
  picture.pixels = std::move(large).value();
  picture.enlarge = false;
  return {};
}

}  // namespace limner::drawing
