#include "jobs/drawing/enlarging.h"

#include <algorithm>
#include <utility>

#include "jobs/drawing/caught.h"
#include "jobs/drawing/job_news.h"
#include "jobs/drawing/job_spans.h"

namespace limner::drawing {

Enlarging::Enlarging(WorkerContext& context, DrawingQueue& queue, Leases& leases, Ending& ending,
                     Finishing& finishing, Metering& metering)
    : context_(context),
      queue_(queue),
      leases_(leases),
      ending_(ending),
      finishing_(finishing),
      metering_(metering) {}

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
  finishing_.expect();
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
  while (std::optional<DrawnPicture> picture = next()) {
    const ActiveJobRef job = picture->job;
    const TimeUs started = context_.parts.clock.now();
    if (!job->ended()) begin(*picture);
    const Result<void> enlarged = caught("enlarging", [&] { return enlarge(*picture); });
    take_stage_span(context_, *job, "enlarge", started, enlarged ? nullptr : &enlarged.error());
    if (enlarged) {
      finishing_.enlarged(std::move(*picture));
      continue;
    }
    finishing_.give_up();
    if (!context_.stop.stopped()) ending_.fail(job, job_error(enlarged.error()));
  }
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
  UpscaleRequest request;
  request.upscaler = job.plan()->upscaler;
  request.dtype = job.request.dtype;
  request.progress = [&](int done, int total) {
    job.step = done;
    job.steps = total;
    if (context_.parts.events.listened(job.job.id))
      context_.parts.events.publish(job.job.id, step_event(picture.picture, done, total));
    return !job.ended() && !context_.stop.stopped();
  };
  const Metering::Stretch stretch = metering_.begin();
  Result<Picture> large = upscale(picture.pixels, request);
  metering_.book(job, stretch);
  if (!large) return std::move(large).error();
  picture.pixels = std::move(large).value();
  picture.enlarge = false;
  return {};
}

}  // namespace limner::drawing
