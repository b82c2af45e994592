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
    if (put_away_ || !act()) parts_.inbox.wait(patience_us(models_wanted));
  }
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
  DrawingQueue::Choice choice = parts_.queue.choose(context_.parts.clock.now());
  std::erase_if(choice.step, [](const PictureTask& task) { return task.job->ended(); });
  // What is drawn holds memory here or there: without room for it nothing more is drawn.
  if (!drawn_.empty() && !parts_.finishing.has_room()) return false;
  if (OpenPicture* drawn = to_finish(choice.step)) {
    finish_picture(*drawn);
    return true;
  }
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

// The most urgent of those that are drawn, unless something more urgent is to be stepped.
OpenPicture* EngineThread::to_finish(const Chosen& chosen) {
  if (drawn_.empty()) return nullptr;
  const auto first = std::ranges::min_element(
      drawn_, {}, [this](uint64_t entry) { return open_.at(entry).task.job->tier(); });
  OpenPicture& drawn = open_.at(*first);
  return chosen.empty() || drawn.task.job->tier() <= chosen.front().job->tier() ? &drawn : nullptr;
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
