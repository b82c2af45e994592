#include "jobs/drawing/intake.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/crypto.h"
#include "engine/input_pictures.h"
#include "image/codec.h"
#include "image/file_metadata.h"
#include "jobs/drawing/caught.h"
#include "jobs/drawing/job_news.h"
#include "jobs/drawing/job_spans.h"
#include "jobs/job_inputs.h"
#include "net/http_client.h"

namespace limner::drawing {
namespace {

constexpr size_t kReadyMax = 4;
// Between two attempts to read what lies in a store that is away.
constexpr double kBackoffSeconds = 0.2, kBackoffSecondsMax = 5;
// How often those that wait for a store are looked at.
constexpr std::chrono::milliseconds kStoreTick{100};

}  // namespace

Intake::Intake(WorkerContext& context, DrawingQueue& queue, KeptStages& kept, Ending& ending,
               std::function<void(const ActiveJobRef&)> dispatch)
    : context_(context), queue_(queue), kept_(kept), ending_(ending), dispatch_(std::move(dispatch)) {}

Intake::~Intake() { join(); }

void Intake::start() {
  thread_ = std::thread([this] { run(); });
}

void Intake::join() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Intake::accept(const ActiveJobRef& job) { add({job}); }

void Intake::add(Waiting waiting) {
  {
    const std::lock_guard lock(mutex_);
    const ActiveJob& job = *waiting.job;
    waiting_.emplace(Order{job.tier(), job.job.submitted, job.job.id}, std::move(waiting));
  }
  wake();
}

void Intake::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return;
    woken_ = true;
  }
  wake_.notify_one();
}

void Intake::run() {
  while (std::optional<Waiting> waiting = next()) {
    const ActiveJobRef job = waiting->job;
    if (end_withheld(job)) continue;
    const TimeUs started = context_.parts.clock.now();
    const Result<void> prepared = caught("reading", [&] { return prepare(*job); });
    take_stage_span(context_, *job, "read", started, prepared ? nullptr : &prepared.error());
    if (prepared && end_by_policy(job)) continue;
    if (prepared)
      dispatch_(job);
    else if (!context_.stop.stopped() && !postpone(std::move(*waiting), prepared.error()))
      ending_.fail(job, job_error(prepared.error()));
  }
}

// Back among those that wait, if what failed may be read later.
bool Intake::postpone(Waiting waiting, const Error& error) {
  if (error.code != Code::unavailable && error.code != Code::deadline) return false;
  const TimeUs now = context_.parts.clock.now();
  if (waiting.failing_since == 0) waiting.failing_since = now;
  if (now - waiting.failing_since >= static_cast<TimeUs>(context_.config.input_patience_seconds * kSecondUs))
    return false;
  context_.metrics.infrastructure_errors.with({"read"}).add();
  if (waiting.attempts++ == 0)
    context_.parts.log.warning("trying_again",
                               {{"stage", "read"}, {"job", waiting.job->job.id}, {"error", error.text()}});
  waiting.not_before =
      now +
      static_cast<TimeUs>(backoff_seconds(waiting.attempts, kBackoffSeconds, kBackoffSecondsMax) * kSecondUs);
  {
    const std::lock_guard lock(mutex_);
    std::erase(ready_, waiting.job);
  }
  add(std::move(waiting));
  return true;
}

// Waits for a job that may be prepared; nothing when the worker stops.
std::optional<Intake::Waiting> Intake::next() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (context_.stop.stopped()) return std::nullopt;
    woken_ = false;
    std::erase_if(ready_, [](const ActiveJobRef& job) { return job->begun || job->ended(); });
    std::erase_if(waiting_, [](const auto& entry) { return entry.second.job->ended(); });
    if (const auto found = choose(); found != waiting_.end()) {
      Waiting waiting = std::move(found->second);
      waiting_.erase(found);
      turns_.take(waiting.job->job.tenant, waiting.job->tenant_weight);
      ready_.push_back(waiting.job);
      return waiting;
    }
    const TimeUs now = context_.parts.clock.now();
    const bool postponed =
        std::ranges::any_of(waiting_, [now](const auto& entry) { return entry.second.not_before > now; });
    if (postponed)
      wake_.wait_for(lock, kStoreTick, [this] { return woken_; });
    else
      wake_.wait(lock, [this] { return woken_; });
  }
}

// Of the first tier of which there may be another: the tenant whose turn it is, and of its jobs the first.
std::map<Intake::Order, Intake::Waiting>::iterator Intake::choose() {
  const TimeUs now = context_.parts.clock.now();
  auto best = waiting_.end();
  double start = 0;
  for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
    const ActiveJob& job = *at->second.job;
    if (best != waiting_.end() && job.tier() != best->second.job->tier()) break;
    if (at->second.not_before > now || context_.draining || queue_.paused(job.tier()) ||
        ready(job) >= kReadyMax)
      continue;
    const double own = turns_.start(job.job.tenant);
    if (best != waiting_.end() && own >= start) continue;
    best = at;
    start = own;
  }
  return best;
}

// Pictures to enlarge wait for another thread than those to draw: neither fills the places of the other.
size_t Intake::ready(const ActiveJob& like) {
  return static_cast<size_t>(std::ranges::count_if(ready_, [&](const ActiveJobRef& job) {
    return job->tier() == like.tier() && (job->request.task == "upscale") == (like.request.task == "upscale");
  }));
}

Result<void> Intake::prepare(ActiveJob& job) {
  job.files.kept = TRY(kept_.read(job.job));
  const InputSizes sizes = TRY(read_files(job));
  const auto uploaded = [&](const std::string& id) -> Result<std::filesystem::path> {
    return job.files.loras[id] =
               TRY(context_.parts.uploads.local_file(job.job.tenant, id, "loras", context_.config.scratch));
  };
  JobPlan plan = TRY(plan_or_fall_back(context_.parts.catalogue, job.request, sizes, uploaded));
  job.set_plan(std::move(plan));
  return {};
}

// What an incident withholds since the job was accepted.
bool Intake::end_withheld(const ActiveJobRef& job) {
  const Result<void> given =
      check_withheld(context_.containment, context_.parts.ledger.pictures(), job->request);
  if (given) return false;
  const bool withheld = given.error().field == "incident" || given.error().code == Code::refused;
  if (withheld)
    ending_.end(job, JobState::refused, job_error(given.error(), "request"));
  else
    ending_.fail(job, job_error(given.error()));
  return true;
}

// Pictures that are drawn over, before anything is drawn. A mask shows nothing.
bool Intake::end_by_policy(const ActiveJobRef& job) {
  const JobRequest& request = job->request;
  Standing strictest = Standing::passed;
  if (!request.init.empty()) strictest = ask(*job, request.init, job->files.inputs.init);
  for (size_t i = 0; i < request.controls.size(); ++i)
    strictest =
        std::max(strictest, ask(*job, request.controls[i].picture, job->files.inputs.controls[i].picture));
  if (strictest == Standing::passed) return false;
  JobError error;
  {
    const std::lock_guard lock(job->mutex);
    const auto objection = std::ranges::find_if(job->verdicts, [&](const VerdictRow& verdict) {
      return verdict.stage == VerdictStage::input && verdict.standing == strictest;
    });
    error = policy_error(*objection);
  }
  return ending_.end(job, strictest == Standing::held ? JobState::held : JobState::refused, error);
}

Standing Intake::ask(ActiveJob& job, const std::string& id, const Picture& picture) {
  VerdictRow verdict = context_.policies.ask_picture(job.policy_subject(), VerdictStage::input, id, picture);
  const Standing standing = verdict.standing;
  if (standing != Standing::passed) {
    const Result<bool> approved =
        context_.parts.ledger.reviews().approved(job.job.id, VerdictStage::input, id);
    if (approved && *approved) return Standing::passed;
  }
  job.add_verdict(std::move(verdict));
  return standing;
}

Result<InputSizes> Intake::read_files(ActiveJob& job) {
  const JobRequest& request = job.request;
  if (request.task == "upscale") {
    TRY(read_source(job));
    return InputSizes{};
  }
  const auto picture = [&](const std::string& id, const char* field) {
    return context_.parts.uploads.read_picture(job.job.tenant, id, field);
  };
  GivenPictures given;
  given.invert_mask = request.invert_mask;
  given.mask_blur = request.mask_blur;
  given.outpaint = request.outpaint;
  if (!request.init.empty()) given.init = TRY(read_init(job));
  if (!request.mask.empty()) given.mask = TRY(picture(request.mask, "mask"));
  for (const ControlRequest& control : request.controls) {
    DrawingInputs::Control input{{}, control.scale, control.start, control.end};
    input.picture = TRY(picture(control.picture, "controlnets"));
    given.controls.push_back(std::move(input));
  }
  job.files.inputs = TRY(prepare_inputs(std::move(given)));
  return input_sizes(job.files.inputs);
}

// Its file is kept for the manifest of what is drawn over it.
Result<Picture> Intake::read_init(ActiveJob& job) {
  UploadKeeper::Brought brought =
      TRY(context_.parts.uploads.read_brought(job.job.tenant, job.request.init, "init"));
  if (context_.parts.marker) job.files.init_file = std::move(brought.file);
  return std::move(brought.picture);
}

Result<void> Intake::read_source(ActiveJob& job) {
  std::string file = TRY(context_.parts.uploads.read(job.job.tenant, job.request.init, "init"));
  const FileMetadata texts = TRY(read_file_metadata(as_bytes(file), "init"));
  job.files.source_texts = {texts.infotext, texts.limner_json};
  job.files.inputs.init = TRY(decode_picture(as_bytes(file), "init", context_.parts.uploads.limits().decode));
  if (context_.parts.marker) job.files.init_file = std::move(file);
  return {};
}

}  // namespace limner::drawing
