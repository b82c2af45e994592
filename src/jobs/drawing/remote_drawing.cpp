#include "jobs/drawing/remote_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/sha256.h"
#include "base/version.h"
#include "image/codec.h"
#include "image/infotext.h"
#include "jobs/drawing/caught.h"
#include "jobs/drawing/job_news.h"
#include "jobs/drawing/job_spans.h"
#include "jobs/drawing/persist.h"

namespace limner::drawing {
namespace {

constexpr size_t kThreadsMax = 8;
/// Of one request: OpenAI's own limit.
constexpr int kTogetherMax = 10;

// What the file says: who drew it cannot be told more exactly than by name.
FileTexts texts_of(const ActiveJob& job, const JobPlan& plan, const Picture& picture) {
  Infotext infotext;
  infotext.prompt = job.request.params.prompt;
  infotext.fields = {{"Size", fmt::format("{}x{}", picture.width, picture.height)},
                     {"Model", plan.model},
                     {"Version", fmt::format("limner {}", kVersion)}};
  const Json json = {{"limner", kVersion},
                     {"task", "text-to-image"},
                     {"parameters", params_to_json(job.request.params)},
                     {"model", {{"name", plan.model}, {"provider", true}}}};
  return {format_infotext(infotext), json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace

RemoteDrawing::RemoteDrawing(WorkerContext& context, DrawingQueue& queue, Leases& leases, Ending& ending,
                             Finishing& finishing, std::function<bool(const ActiveJobRef&)> fall_back)
    : context_(context),
      queue_(queue),
      leases_(leases),
      ending_(ending),
      finishing_(finishing),
      fall_back_(std::move(fall_back)) {}

RemoteDrawing::~RemoteDrawing() { join(); }

void RemoteDrawing::start() {
  const std::lock_guard lock(mutex_);
  started_ = true;
  for (size_t i = 0; i < waiting_.size(); ++i) add_thread();
}

void RemoteDrawing::join() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    started_ = false;
    threads.swap(threads_);
    wake_.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
}

void RemoteDrawing::accept(const ActiveJobRef& job) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace(Order{job->tier(), job->job.submitted, job->job.id}, job);
  add_thread();
  wake_.notify_one();
}

void RemoteDrawing::add_thread() {
  if (started_ && threads_.size() < kThreadsMax) threads_.emplace_back([this] { run(); });
}

void RemoteDrawing::wake() {
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty()) wake_.notify_all();
}

void RemoteDrawing::run() {
  while (const ActiveJobRef job = next()) {
    const std::string model = job->plan()->model;
    draw(job);
    const std::lock_guard lock(mutex_);
    --busy_[model];
    wake_.notify_all();
  }
}

// Waits for a job that may begin; nothing when the worker stops.
ActiveJobRef RemoteDrawing::next() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (context_.stop.stopped()) return nullptr;
    std::erase_if(waiting_, [](const auto& entry) { return entry.second->ended(); });
    const auto found =
        std::ranges::find_if(waiting_, [this](const auto& entry) { return may_begin(*entry.second); });
    if (found != waiting_.end()) {
      ActiveJobRef job = std::move(found->second);
      waiting_.erase(found);
      ++busy_[job->plan()->model];
      return job;
    }
    wake_.wait(lock);
  }
}

bool RemoteDrawing::may_begin(const ActiveJob& job) const {
  if (context_.draining || queue_.paused(job.tier()) || !finishing_.has_room()) return false;
  if (!job.plan()->upscaler.empty() && !finishing_.has_room_to_enlarge(job.tier())) return false;
  const std::shared_ptr<const JobPlan> plan = job.plan();
  const auto busy = busy_.find(plan->model);
  return busy == busy_.end() || busy->second < plan->provider_concurrent_max;
}

void RemoteDrawing::draw(const ActiveJobRef& job) {
  leases_.begin(job);
  const TimeUs started = context_.parts.clock.now();
  Result<std::vector<DrawnPicture>> pictures = caught("provider", [&] { return ask_provider(job); });
  take_stage_span(context_, *job, "draw", started, pictures ? nullptr : &pictures.error());
  if (context_.stop.stopped() || job->ended()) return;
  if (!pictures) {
    if (may_pass(pictures.error()) && fall_back_(job)) return;
    ending_.fail(job, job_error(pictures.error()));
    return;
  }
  const std::string& asked = job->job.model;
  if (const auto plan = job->plan(); plan->model != asked) job->set_version({"", plan->model});
  job->pictures_drawn = static_cast<int>(pictures->size());
  for (DrawnPicture& picture : *pictures) finishing_.accept(std::move(picture));
}

Result<std::vector<DrawnPicture>> RemoteDrawing::ask_provider(const ActiveJobRef& job) {
  const std::shared_ptr<const JobPlan> plan = job->plan();
  Provider* const provider = context_.parts.provider(plan->model);
  if (!provider) return not_found("model", fmt::format("{} has no provider any more", plan->model));
  const std::vector<std::string> files = TRY(draw_files(*job, *provider));
  std::vector<DrawnPicture> pictures;
  for (const std::string& file : files) {
    Result<Picture> pixels = decode_picture(as_bytes(file), "provider");
    if (!pixels)
      return Error{Code::unavailable, "model",
                   fmt::format("{} sent what is no picture: {}", plan->model, pixels.error().message), ""};
    DrawnPicture picture;
    picture.job = job;
    picture.picture = static_cast<int>(pictures.size());
    picture.texts = texts_of(*job, *plan, *pixels);
    picture.pixels = std::move(pixels).value();
    picture.enlarge = !plan->upscaler.empty();
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

Result<std::vector<std::string>> RemoteDrawing::draw_files(const ActiveJob& job, Provider& provider) {
  const DrawingParams& params = job.request.params;
  const int wanted = job.request.pictures();
  std::vector<std::string> files;
  while (static_cast<int>(files.size()) < wanted) {
    ProviderRequest request;
    request.prompt = params.prompt;
    if (params.width && params.height) request.size = fmt::format("{}x{}", *params.width, *params.height);
    request.count = std::min(kTogetherMax, wanted - static_cast<int>(files.size()));
    // Stable and opaque: our own ids of tenants are nobody else's business.
    request.user = sha256_hex(as_bytes(job.job.tenant)).substr(0, 32);
    request.trace = child_of(job.trace);
    request.stop = [this, &job] { return context_.stop.stopped() || job.ended(); };
    std::vector<std::string> some = TRY(provider.draw(request));
    if (some.empty()) return Error{Code::unavailable, "model", "the provider sent no picture", ""};
    for (std::string& file : some)
      if (static_cast<int>(files.size()) < wanted) files.push_back(std::move(file));
  }
  return files;
}

}  // namespace limner::drawing
