#include "jobs/drawing/engine_thread.h"

#include <algorithm>
#include <utility>

#include "jobs/drawing/job_news.h"
#include "jobs/drawing/persist.h"

namespace limner::drawing {
namespace {

constexpr int64_t kIdleUs = 60 * kSecondUs;
/// While a model is loading: failures are not told, and the line of the pool may be full.
constexpr int64_t kLoadingUs = kSecondUs / 4;

}  // namespace

EngineThread::EngineThread(WorkerContext& context, Parts parts)
    : context_(context), parts_(std::move(parts)) {}

EngineThread::~EngineThread() { join(); }

void EngineThread::start() {
  thread_ = std::thread([this] { run(); });
}

void EngineThread::join() {
  parts_.inbox.wake();
  if (thread_.joinable()) thread_.join();
}

void EngineThread::run() {
  while (!context_.stop.stopped()) {
    read_inbox();
    end_overdue();
    const bool models_wanted = request_models();
    if (!put_away_ && act()) continue;
    parts_.use.set(EngineUse::kIdle);
    parts_.inbox.wait(patience_us(models_wanted));
  }
  parts_.use.set(EngineUse::kIdle);
  drawn_.clear();
  open_.clear();
}

void EngineThread::read_inbox() {
  EngineInbox::Messages messages = parts_.inbox.take();
  for (const ActiveJobRef& job : messages.gone) close_all(*job);
  if (messages.put_away) messages.put_away->set_value(save_all());
}

void EngineThread::end_overdue() {
  for (const ActiveJobRef& job : context_.jobs->take_overdue(context_.parts.clock.now()))
    if (job->pictures_drawn < job->request.pictures())
      parts_.ending.end(job, JobState::expired,
                        {code_name(Code::deadline), "deadline", "was not drawn in time", "", "request"});
}

bool EngineThread::request_models() {
  const std::vector<ModelVariant> wanted = parts_.queue.wanted(context_.parts.clock.now());
  const TimeUs now = context_.parts.clock.steady();
  const auto turn_us = static_cast<TimeUs>(context_.config.model_turn_seconds * kSecondUs);
  for (const ModelVariant& variant : wanted) {
    const std::string key = variant.key();
    if (context_.parts.pool.get(variant)) {
      parts_.queue.set_ready(key, true);
      short_of_room_.erase(key);
      continue;
    }
    const std::optional<Error> failure = context_.parts.pool.failure(key);
    if (!failure) continue;
    if (failure->code != Code::exhausted) {
      fail_model(variant, *failure);
    } else if (now - short_of_room_.try_emplace(key, now).first->second >= turn_us) {
      put_aside_others(key);
      short_of_room_.erase(key);
    }
  }
  std::erase_if(short_of_room_, [&](const auto& entry) {
    return std::ranges::find(wanted, entry.first, &ModelVariant::key) == wanted.end();
  });
  return !wanted.empty();
}

void EngineThread::fail_model(const ModelVariant& variant, const Error& error) {
  const std::string key = variant.key();
  const bool ours = may_pass(error) || error.code == Code::internal || error.code == Code::too_large;
  for (const ActiveJobRef& job : context_.jobs->all()) {
    const std::shared_ptr<const JobPlan> plan = job->plan();
    if (plan->route != Route::engine || plan->step_class.model != key || job->ended()) continue;
    if (parts_.fall_back(job))
      close_all(*job);
    else
      parts_.ending.fail(job, job_error(error, ours ? "infrastructure" : "model"));
  }
}

int64_t EngineThread::patience_us(bool models_wanted) const {
  int64_t patience = models_wanted ? kLoadingUs : kIdleUs;
  if (const TimeUs deadline = context_.jobs->next_deadline(); deadline != 0)
    patience = std::clamp<int64_t>(deadline - context_.parts.clock.now(), 0, patience);
  return patience;
}

// One act. False if there is nothing to do now.
bool EngineThread::act() {
  if (parts_.finishing.has_room_to_enlarge(kTierCount - 1)) parts_.queue.release_held();
  DrawingQueue::Choice choice = parts_.queue.choose(context_.parts.clock.now());
  std::erase_if(choice.step, [](const PictureTask& task) { return task.job->ended(); });
  // What is drawn holds memory here or there: without room for it nothing more is drawn.
  if (!drawn_.empty() && !parts_.finishing.has_room()) return false;
  if (hold_back(choice.step)) return true;
  if (OpenPicture* drawn = to_finish(choice.step)) {
    parts_.use.set(drawn->task.job->tier());
    finish_picture(*drawn);
    return true;
  }
  if (!choice.step.empty()) parts_.use.set(choice.step.front().job->tier());
  if (const PictureTask* task = to_open(choice.step)) {
    open_picture(*task);
    return true;
  }
  keep_open_ones(choice.step);
  if (choice.step.empty()) return false;
  context_.metrics.preemptions.with({}).add(choice.preempted);
  step_batch(choice.step);
  return true;
}

OpenPicture* EngineThread::find(uint64_t entry) {
  const auto found = open_.find(entry);
  return found == open_.end() ? nullptr : &found->second;
}

// Company is opened beside the leader, unless it is less urgent: then the leader's step does not wait for
// that.
const PictureTask* EngineThread::to_open(const Chosen& chosen) {
  if (short_of_memory_) return nullptr;
  for (const PictureTask& task : chosen) {
    const OpenPicture* open = find(task.entry);
    const bool is_open = open && open->drawing;
    if (!is_open && task.job->tier() <= chosen.front().job->tier()) return &task;
  }
  return nullptr;
}

// The most urgent of those that are drawn and have somewhere to go, unless something more urgent is to be
// stepped.
OpenPicture* EngineThread::to_finish(const Chosen& chosen) {
  OpenPicture* first = nullptr;
  for (const uint64_t entry : drawn_) {
    OpenPicture& drawn = open_.at(entry);
    const TierNumber tier = drawn.task.job->tier();
    if (!drawn.plan->upscaler.empty() && !parts_.finishing.has_room_to_enlarge(tier)) continue;
    if (!first || tier < first->task.job->tier()) first = &drawn;
  }
  return first && (chosen.empty() || first->task.job->tier() <= chosen.front().job->tier()) ? first : nullptr;
}

// What is to be enlarged is not begun while too much waits for that already, so that the rest is drawn. True
// if there is to be another choice.
bool EngineThread::hold_back(const Chosen& chosen) {
  bool held = false;
  for (const PictureTask& task : chosen) {
    if (parts_.finishing.has_room_to_enlarge(task.job->tier()) || task.job->plan()->upscaler.empty() ||
        find(task.entry))
      continue;
    parts_.queue.hold(task);
    held = true;
  }
  return held;
}

void EngineThread::keep_open_ones(Chosen& chosen) {
  std::erase_if(chosen, [this](const PictureTask& task) {
    const OpenPicture* open = find(task.entry);
    return !open || !open->drawing;
  });
  // What is urgent waits for memory that only the end of what is open sets free.
  if (chosen.empty() && short_of_memory_) chosen = open_ones();
}

}  // namespace limner::drawing
